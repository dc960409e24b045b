package api

import "net/http"

// Status returns the status of every answer with this code, or 0 for a code that the contract does not know.
func (c ErrorCode) Status() int {
	switch c {
	case ErrorCodeInvalidSchema, ErrorCodeInvalidSeed, ErrorCodeMissingField, ErrorCodeParamError:
		return http.StatusBadRequest
	case ErrorCodeCrossOrigin, ErrorCodeForeignHost:
		return http.StatusForbidden
	case ErrorCodeFaultNotExist, ErrorCodeNotFound:
		return http.StatusNotFound
	case ErrorCodeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case ErrorCodeNotFrozen:
		return http.StatusConflict
	case ErrorCodeRequestTooLarge:
		return http.StatusRequestEntityTooLarge
	case ErrorCodeInternalError:
		return http.StatusInternalServerError
	}
	return 0
}
