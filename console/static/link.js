// A link that was sent (to sign in, to join, to set up, to come back in) carries its credential behind the #, which browsers send to
// nobody. This moves it into the form and out of the address bar, so that it stays neither in the history nor in a Referer.
"use strict";

const credential = decodeURIComponent(location.hash.slice(1));
if (/^gh[bils]_/.test(credential)) {
  history.replaceState(null, "", location.pathname + location.search);
  document.getElementById("link").value = credential;
  document.getElementById("by-hand").hidden = true;
  document.getElementById("at-hand").hidden = false;
}
