package handler

import (
	"bytes"
	"context"
	"io"

	"github.com/reimport/reimport/internal/control/rest"
	"github.com/reimport/reimport/internal/seed"
)

const dumpHead = `The state of an emulated cluster; reimport control load and reimport serve --seed take it.
It has the hashes of the users' passwords, so keep it as you keep those.
It has no other credentials: import sources are without user and query, databases without their passwords.
`

// GetHealth implements GET /health.
func (h *controls) GetHealth(context.Context, rest.GetHealthRequestObject) (rest.GetHealthResponseObject, error) {
	return rest.GetHealth200JSONResponse{URL: h.URL, CA: h.CA}, nil
}

// ResetCluster implements POST /reset.
func (h *controls) ResetCluster(ctx context.Context, _ rest.ResetClusterRequestObject) (rest.ResetClusterResponseObject, error) {
	if err := h.Reset(ctx); err != nil {
		return nil, err
	}
	return rest.ResetCluster204Response{}, nil
}

// DumpState implements GET /state.
func (h *controls) DumpState(ctx context.Context, _ rest.DumpStateRequestObject) (rest.DumpStateResponseObject, error) {
	dumped, err := h.Dump(ctx)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := seed.Write(&text, dumpHead, dumped); err != nil {
		return nil, err
	}
	return rest.DumpState200ApplicationYamlCharsetUTF8Response{Body: &text, ContentLength: int64(text.Len())}, nil
}

// LoadState implements PUT /state.
func (h *controls) LoadState(ctx context.Context, r rest.LoadStateRequestObject) (rest.LoadStateResponseObject, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	given, err := seed.Parse("seed", text)
	if err != nil {
		return nil, &RefusedSeed{err}
	}
	if err := h.Load(ctx, given); err != nil {
		return nil, err
	}
	return rest.LoadState204Response{}, nil
}
