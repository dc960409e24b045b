package handler

import (
	"context"
	"fmt"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/control/rest"
	"github.com/reimport/reimport/internal/database"
)

// GetScripts implements GET /databases/{uid}/scripts.
func (h *controls) GetScripts(_ context.Context, r rest.GetScriptsRequestObject) (rest.GetScriptsResponseObject, error) {
	return rest.GetScripts200JSONResponse{ScriptsAnswerJSONResponse: h.scripts(r.UID)}, nil
}

// SetScripts implements PUT /databases/{uid}/scripts.
func (h *controls) SetScripts(_ context.Context, r rest.SetScriptsRequestObject) (rest.SetScriptsResponseObject, error) {
	scripts := make([]control.Script, len(r.Body.ImportScripts))
	for i, s := range r.Body.ImportScripts {
		takes, err := duration(fmt.Sprintf("import_scripts[%d].duration", i), s.Duration)
		if err != nil {
			return nil, err
		}
		scripts[i] = control.Script{
			Outcome: database.FailureReason(s.Outcome), Pace: control.Pace(s.Pace), Duration: takes, Steps: s.Steps, At: s.At, Repeat: s.Repeat,
		}
	}
	if err := h.Emulator.Scripts.Set(r.UID, scripts); err != nil {
		return nil, err
	}
	return rest.SetScripts200JSONResponse{ScriptsAnswerJSONResponse: h.scripts(r.UID)}, nil
}

func (h *controls) scripts(uid int) rest.ScriptsAnswerJSONResponse {
	a := rest.ScriptsAnswerJSONResponse{ImportScripts: []api.Script{}}
	for _, s := range h.Emulator.Scripts.Get(uid) {
		a.ImportScripts = append(a.ImportScripts, api.Script{
			Outcome: string(s.Outcome), Pace: string(s.Pace), Duration: written(s.Duration), Steps: s.Steps, At: s.At, Repeat: s.Repeat,
		})
	}
	return a
}

// ReleaseImport implements POST /databases/{uid}/release.
func (h *controls) ReleaseImport(_ context.Context, r rest.ReleaseImportRequestObject) (rest.ReleaseImportResponseObject, error) {
	if err := h.Emulator.Scripts.Release(r.UID); err != nil {
		return nil, err
	}
	return rest.ReleaseImport204Response{}, nil
}
