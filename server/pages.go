package server

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/server/web"
)

// servePages registers the pages for people, and returns their routes. These need no credentials: the files hold
// nothing of the cluster, and read it through the guarded operations like any other client.
func (s *Server) servePages() ([]string, error) {
	files, err := web.Files()
	if err != nil {
		return nil, err
	}
	var routes []string
	for _, f := range files {
		s.echo.Match([]string{http.MethodGet, http.MethodHead}, f.Path, echo.WrapHandler(f))
		routes = append(routes, "GET "+f.Path, "HEAD "+f.Path)
	}
	return routes, nil
}
