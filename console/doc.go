// Package console is the HTML front door: the pages on which people sign in, choose where to go and see who they are.
//
// A page is one struct, one template in templates/ and a method frame that says how it is framed; whoever misspells a field is told by
// a test that types every template against its struct. Pages have no inline script or style, so the Content-Security-Policy allows none.
// Forms are plain: post, redirect, get. Files in static/ are served under names that contain their hash.
//
// What a page shows is decided below this package: sso brings people in, sessions knows them again, tenants says where they may go. The
// console turns requests into their calls and their answers into redirects, cookies and pages.
package console
