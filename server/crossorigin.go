package server

import (
	"fmt"
	"regexp"

	"github.com/labstack/echo/v4"
)

// originForm is how browsers write an origin: in lower case, names in Punycode, and without the scheme's own port.
var originForm = regexp.MustCompile(`^(http|https)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)

// CheckOrigin returns nil if browsers can send origin, so that trusting it means something.
func CheckOrigin(origin string) error {
	parts := originForm.FindStringSubmatch(origin)
	if parts == nil || parts[1]+parts[3] == "http:80" || parts[1]+parts[3] == "https:443" {
		return fmt.Errorf("expected an origin as browsers send it, such as https://console.example.com or http://localhost:8080, not %q", origin)
	}
	return nil
}

func (s *Server) trust(origins []string) error {
	for _, origin := range origins {
		if err := CheckOrigin(origin); err != nil {
			return fmt.Errorf("trusted origin: %w", err)
		}
		if err := s.crossOrigin.AddTrustedOrigin(origin); err != nil {
			return err
		}
	}
	return nil
}

// refuseCrossOrigin keeps pages of other origins from using the password that a browser has stored for this server. The
// browser sends it with every request to here, and asks first neither for a form nor for a script's Blob without a type.
func (s *Server) refuseCrossOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if s.crossOrigin.Check(c.Request()) != nil {
			return errCrossOrigin
		}
		return next(c)
	}
}
