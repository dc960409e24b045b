'use strict';

const resetFirst = (a, b) => Number(isReset(b)) - Number(isReset(a));
const isReset = (operation) => operation.get('operation').get('operationId') === 'resetBDBImportStatus';

// Swagger UI knows a dark look, but turns it on by a class alone.
const dark = matchMedia('(prefers-color-scheme: dark)');
const followScheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', followScheme);
followScheme();

const ui = SwaggerUIBundle({
  domNode: document.getElementById('reference'),
  url: '/openapi.json',
  validatorUrl: null,
  deepLinking: true,
  operationsSorter: resetFirst,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Without it the browser would answer a 401 with a dialog of its own, and remember what is typed there.
  requestInterceptor: (request) => Object.assign(request, { credentials: 'omit' }),
  onComplete: () => {
    if (!location.hash) ui.layoutActions.show(['operations', 'import', 'resetBDBImportStatus'], true);
  },
});
