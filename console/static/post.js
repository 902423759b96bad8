// Carries a message to the identity provider, which wants it as a form. Without scripts, the button does the same.
"use strict";

document.getElementById("post").submit();
