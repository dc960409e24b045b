package handler

import (
	"context"
	"time"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/control/rest"
)

// defaultLast is how many exchanges there are at most unless the request says so.
const defaultLast = 100

// GetTrace implements GET /trace.
func (h *controls) GetTrace(ctx context.Context, r rest.GetTraceRequestObject) (rest.GetTraceResponseObject, error) {
	last := value(r.Params.Last, defaultLast)
	since := max(value(r.Params.Since, 0), h.Emulator.Trace.Last()-last)
	found := h.Emulator.Trace.Since(since)
	if wait := value(r.Params.Wait, 0); wait > 0 && len(found) == 0 {
		var err error
		if found, err = h.await(ctx, since, time.Duration(wait)*time.Second); err != nil {
			return nil, err
		}
	}
	all := rest.GetTrace200JSONResponse{}
	for _, x := range found[max(0, len(found)-last):] {
		all = append(all, exchange(x))
	}
	return all, nil
}

// await returns the exchanges that come in time after since. There may be none.
func (h *controls) await(ctx context.Context, since int, most time.Duration) ([]control.Exchange, error) {
	waiting, stop := context.WithTimeout(ctx, most)
	defer stop()
	defer context.AfterFunc(h.Ending, stop)()
	found, err := h.Emulator.Trace.Wait(waiting, since)
	if ctx.Err() == nil {
		err = nil
	}
	return found, err
}

func value(given *int, otherwise int) int {
	if given != nil {
		return *given
	}
	return otherwise
}

func exchange(x control.Exchange) api.Exchange {
	return api.Exchange{
		Number: x.Number, Time: x.Time.UTC(), Took: x.Took.String(), Operation: x.Operation, UID: x.UID, Method: x.Method, Path: x.Path,
		Request: message(x.Request), Status: x.Status, Response: message(x.Response), Fault: x.Fault, End: string(x.End),
	}
}

func message(m control.Message) api.Message {
	headers := map[string][]string{}
	for name, values := range m.Header {
		headers[name] = values
	}
	return api.Message{Headers: headers, Body: m.Body, Size: m.Size}
}
