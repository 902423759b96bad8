// Shows the description that this server has of itself. "Authorize" takes an API key or an access token; in a browser that is signed in,
// calls work at once by its cookies.
window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: "openapi.yaml",
    dom_id: "#reference",
    deepLinking: true,
    persistAuthorization: false,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      // A credential that was typed stands alone: the server refuses a request with two.
      if (request.headers && (request.headers.Authorization || request.headers["X-API-Key"])) {
        request.credentials = "omit";
      }
      return request;
    },
  });
});
