package server

import (
	"github.com/labstack/echo/v4"

	"github.com/reimport/reimport/server/web"
)

// servePages registers the pages for people, and returns their routes. These need no credentials: the files hold
// nothing of the cluster, and read it through the guarded operations like any other client.
func servePages(router headed) ([]string, error) {
	files, err := web.Files()
	if err != nil {
		return nil, err
	}
	var routes []string
	for _, f := range files {
		router.GET(f.Path, echo.WrapHandler(f))
		routes = append(routes, "GET "+f.Path)
	}
	return routes, nil
}
