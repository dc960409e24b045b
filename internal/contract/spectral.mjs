// Spectral's rules for OpenAPI; a warning counts as much as an error.
import rulesets from '@stoplight/spectral-rulesets';

export default {
  extends: rulesets.oas,
  rules: {
    // Whoever runs a server answers for it; the contract does not know them.
    'info-contact': 'off',
    // ErrorCode gives clients in typed languages their constants; Error refers to it in words, as a cluster has more codes.
    'oas3-unused-component': 'off',
  },
};
