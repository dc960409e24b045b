package handler

import (
	"context"
	"time"

	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/control/rest"
)

func (h *controls) clock() rest.ClockAnswerJSONResponse {
	s := h.Emulator.Clock.State()
	return rest.ClockAnswerJSONResponse(api.Clock{Now: s.Now.UTC(), Frozen: s.Frozen})
}

// GetClock implements GET /clock.
func (h *controls) GetClock(context.Context, rest.GetClockRequestObject) (rest.GetClockResponseObject, error) {
	return rest.GetClock200JSONResponse{ClockAnswerJSONResponse: h.clock()}, nil
}

// SetClock implements PUT /clock.
func (h *controls) SetClock(_ context.Context, r rest.SetClockRequestObject) (rest.SetClockResponseObject, error) {
	now, err := time.Parse(time.RFC3339Nano, r.Body.Now)
	if err != nil {
		return nil, refuse(errSchema, "now: expected a time such as 2026-01-02T03:04:05Z")
	}
	if err := h.Emulator.Clock.Set(now); err != nil {
		return nil, refuse(errSchema, "now: "+err.Error())
	}
	return rest.SetClock200JSONResponse{ClockAnswerJSONResponse: h.clock()}, nil
}

// FreezeClock implements POST /clock/freeze.
func (h *controls) FreezeClock(context.Context, rest.FreezeClockRequestObject) (rest.FreezeClockResponseObject, error) {
	h.Emulator.Clock.Freeze()
	return rest.FreezeClock200JSONResponse{ClockAnswerJSONResponse: h.clock()}, nil
}

// ResumeClock implements POST /clock/resume.
func (h *controls) ResumeClock(context.Context, rest.ResumeClockRequestObject) (rest.ResumeClockResponseObject, error) {
	h.Emulator.Clock.Resume()
	return rest.ResumeClock200JSONResponse{ClockAnswerJSONResponse: h.clock()}, nil
}

// AdvanceClock implements POST /clock/advance.
func (h *controls) AdvanceClock(_ context.Context, r rest.AdvanceClockRequestObject) (rest.AdvanceClockResponseObject, error) {
	by, err := duration("by", r.Body.By)
	if err != nil {
		return nil, err
	}
	if err := h.Emulator.Clock.Advance(by); err != nil {
		return nil, refuse(errSchema, "by: "+err.Error())
	}
	return rest.AdvanceClock200JSONResponse{ClockAnswerJSONResponse: h.clock()}, nil
}

// duration reads what the contract's pattern took, which may still be beyond what Go holds; 0 if it is left out.
func duration(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, refuse(errSchema, field+": expected a duration such as 30s or 1h30m")
	}
	return d, nil
}

func written(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
