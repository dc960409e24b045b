package handler

import (
	"context"
	"slices"

	"github.com/reimport/reimport/internal/control"
	"github.com/reimport/reimport/internal/control/api"
	"github.com/reimport/reimport/internal/control/rest"
)

// ListFaults implements GET /faults.
func (h *controls) ListFaults(context.Context, rest.ListFaultsRequestObject) (rest.ListFaultsResponseObject, error) {
	all := rest.ListFaults200JSONResponse{}
	for _, f := range h.Emulator.Faults.List() {
		all = append(all, shown(f))
	}
	return all, nil
}

// PutFault implements PUT /faults/{name}.
func (h *controls) PutFault(_ context.Context, r rest.PutFaultRequestObject) (rest.PutFaultResponseObject, error) {
	s := r.Body
	delay, err := duration("delay", s.Delay)
	if err != nil {
		return nil, err
	}
	fault := control.Fault{
		Name: r.Name, Operation: s.Operation, UID: s.UID, First: s.First, Every: s.Every, Share: s.Share, Seed: uint64(s.Seed), //nolint:gosec // 0 or more
		Status: s.Status, Code: s.Code, Description: s.Description, Delay: delay, Close: control.Close(s.Close),
	}
	if err := h.Emulator.Faults.Put(fault); err != nil {
		return nil, err
	}
	all := h.Emulator.Faults.List()
	if i := slices.IndexFunc(all, func(f control.FaultState) bool { return f.Name == r.Name }); i >= 0 {
		return rest.PutFault200JSONResponse(shown(all[i])), nil
	}
	return nil, errNoFault // it has been cleared meanwhile
}

func shown(f control.FaultState) api.Fault {
	return api.Fault{
		Name: f.Name, Operation: f.Operation, UID: f.UID, First: f.First, Every: f.Every, Share: f.Share, Seed: int64(f.Seed), //nolint:gosec // as it was put
		Status: f.Status, Code: f.Code, Description: f.Description, Delay: written(f.Delay), Close: string(f.Close), Seen: f.Seen, Struck: f.Struck,
	}
}

// ClearFault implements DELETE /faults/{name}.
func (h *controls) ClearFault(_ context.Context, r rest.ClearFaultRequestObject) (rest.ClearFaultResponseObject, error) {
	if !h.Emulator.Faults.Clear(r.Name) {
		return nil, errNoFault
	}
	return rest.ClearFault204Response{}, nil
}

// ClearFaults implements DELETE /faults.
func (h *controls) ClearFaults(context.Context, rest.ClearFaultsRequestObject) (rest.ClearFaultsResponseObject, error) {
	h.Emulator.Faults.ClearAll()
	return rest.ClearFaults204Response{}, nil
}
