"use strict";

window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: new URL("openapi.yaml", document.baseURI).href,
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "list",
    filter: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    persistAuthorization: false, // a key must not lie in the browser's storage
    validatorUrl: null, // and the description stays on this site
    requestInterceptor: (request) => {
      // A request carries one credential: with a key or a token, the browser's cookies stay at home.
      const headers = Object.keys(request.headers ?? {}).map((name) => name.toLowerCase());
      request.credentials = headers.includes("x-api-key") || headers.includes("authorization") ? "omit" : "same-origin";
      return request;
    },
  });
});
