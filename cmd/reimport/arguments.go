package main

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// parseUID takes a uid as the API writes it: no sign, no leading zeros.
func parseUID(text string) (int, error) {
	uid, err := strconv.Atoi(text)
	if err != nil || uid < 1 || uid > math.MaxInt32 || strconv.Itoa(uid) != text {
		return 0, fmt.Errorf("uid: expected a number from 1 to %d, not %q", math.MaxInt32, text)
	}
	return uid, nil
}

// noMore is cobra.NoArgs in words that fit: that takes every argument for a command.
func noMore(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	return nil
}

// span is a flag for a time: a number of seconds, or a duration such as 5m.
type span struct {
	time.Duration
	orZero bool
}

func (s *span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if seconds, isNumber := strconv.ParseUint(text, 10, 32); isNumber == nil {
		d, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || d < 0 || (d == 0 && !s.orZero) {
		return fmt.Errorf("expected a number of seconds, or a time such as 90s or 5m")
	}
	s.Duration = d
	return nil
}

func (s *span) Type() string { return "time" }

// oneOf is a flag for one of a few words. Checked as it is set, it is wrong usage before anything was sent.
type oneOf struct {
	value string
	words []string
}

func (o *oneOf) String() string { return o.value }
func (o *oneOf) Type() string   { return "word" }

func (o *oneOf) Set(text string) error {
	for _, word := range o.words {
		if text == word {
			o.value = text
			return nil
		}
	}
	return fmt.Errorf("expected one of %v", o.words)
}
