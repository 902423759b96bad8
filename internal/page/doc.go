// Package page holds the words of a list answered in pieces.
//
// A list is answered as a Page of at most MaxLimit items. Where there is more, the page carries a cursor: the position
// of its last item in the order of the list, authenticated together with a Scope. A cursor is refused when it was
// edited, made for another tenant, or made for another route or filter. It hides nothing: a position holds only
// columns of the item that the client has just been shown.
package page
