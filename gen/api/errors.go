package api

import "net/http"

// Status returns the status of every answer with this code, or 0 for a code that the contract does not know. It is the
// one place that knows: the server answers by it, and a client reads by it.
func (c ErrorCode) Status() int {
	switch c {
	case ErrorCodeInvalidSchema, ErrorCodeMissingField, ErrorCodeParamError:
		return http.StatusBadRequest
	case ErrorCodeUnauthorized:
		return http.StatusUnauthorized
	case ErrorCodeCrossOrigin, ErrorCodeUnauthorizedAction:
		return http.StatusForbidden
	case ErrorCodeDBNotExist, ErrorCodeDBNotFound, ErrorCodeModuleNotExist, ErrorCodeNotFound:
		return http.StatusNotFound
	case ErrorCodeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case ErrorCodeInsufficientResources, ErrorCodeMissingBackupInterval, ErrorCodeMissingDBName, ErrorCodeMissingMemorySize,
		ErrorCodeMissingModule, ErrorCodePortUnavailable, ErrorCodeUnsupportedModuleCapabilities:
		return http.StatusNotAcceptable
	case ErrorCodeBusy, ErrorCodeUIDExists:
		return http.StatusConflict
	case ErrorCodeRequestTooLarge:
		return http.StatusRequestEntityTooLarge
	case ErrorCodeTooManyRequests:
		return http.StatusTooManyRequests
	case ErrorCodeHeadersTooLarge:
		return http.StatusRequestHeaderFieldsTooLarge
	case ErrorCodeInternalError:
		return http.StatusInternalServerError
	case ErrorCodeBDBEndpointUnavailable, ErrorCodeBDBUnavailable:
		return http.StatusServiceUnavailable
	}
	return 0
}
