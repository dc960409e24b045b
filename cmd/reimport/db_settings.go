package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/reimport/reimport/client"
)

// settings are the fields of a database to create or to change. They travel as they are given: which there are and what
// they may be is the server's to say.
type settings struct {
	file       string
	sets       []string
	name       string
	memorySize string
	dryRun     bool
}

func (s *settings) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&s.file, "file", "f", "", "JSON or YAML `file` with settings, - for standard input")
	f.StringVar(&s.name, "name", "", "`name` of the database")
	f.StringVar(&s.memorySize, "memory-size", "", "memory limit in `bytes`, or with KiB, MiB or GiB")
	f.StringArrayVar(&s.sets, "set", nil, "any setting as `key=value`, where the value is JSON or else text; may be repeated")
	f.BoolVar(&s.dryRun, "dry-run", false, "have the server check the request and change nothing")
}

// object puts the settings together; flags beat the file.
func (s *settings) object(in io.Reader) (json.RawMessage, error) {
	fields := map[string]any{}
	if s.file != "" {
		if err := readFields(s.file, in, fields); err != nil {
			return nil, usageError(fmt.Errorf("--file: %w", err))
		}
	}
	for _, set := range s.sets {
		key, value, ok := strings.Cut(set, "=")
		if !ok || key == "" {
			return nil, usageError(fmt.Errorf("--set: expected key=value, not %q", key))
		}
		fields[key] = value
		if json.Valid([]byte(value)) {
			fields[key] = json.RawMessage(value)
		}
	}
	if s.name != "" {
		fields["name"] = s.name
	}
	if s.memorySize != "" {
		size, err := parseBytes(s.memorySize)
		if err != nil {
			return nil, usageError(fmt.Errorf("--memory-size: %w", err))
		}
		fields["memory_size"] = size
	}
	if len(fields) == 0 {
		return nil, usageError(errors.New("no settings are given"))
	}
	object, err := marshal(fields)
	if err != nil {
		return nil, usageError(fmt.Errorf("--file: %w", err))
	}
	return object, nil
}

func (s *settings) options() []client.ChangeOption {
	if s.dryRun {
		return []client.ChangeOption{client.DryRun()}
	}
	return nil
}

// readFields adds the settings in a file to fields. JSON comes first: not all of its strings are YAML's.
func readFields(name string, in io.Reader, fields map[string]any) error {
	if name != "-" {
		file, err := os.Open(name) //nolint:gosec // the file that the user names
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	const largest = 1 << 20
	data, err := io.ReadAll(io.LimitReader(in, largest))
	if err != nil {
		return err
	}
	if json.Valid(data) {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		return dec.Decode(&fields)
	}
	return yaml.Unmarshal(data, fields)
}

// parseBytes knows no GB: to some it is 10^9 bytes, to others 2^30.
func parseBytes(text string) (uint64, error) {
	units := []struct {
		suffix string
		size   uint64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"", 1}}
	for _, unit := range units {
		digits, ok := strings.CutSuffix(text, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 33)
		if unit.size == 1 {
			n, err = strconv.ParseUint(digits, 10, 63)
		}
		if err == nil {
			return n * unit.size, nil
		}
	}
	return 0, fmt.Errorf("expected a number of bytes, or one with KiB, MiB or GiB, not %q", text)
}

func newDBUpdateCommand(a *app) *cobra.Command {
	var s settings
	cmd := &cobra.Command{
		Use:   "update UID",
		Short: "Change settings of a database",
		Long:  "Change the given settings of a database, leave the others as they are, and print it. They are given as those of db create.",
		Example: `  reimport db update 1 --memory-size 4GiB --set skip_import_analyze=enabled
  echo '{"data_persistence": "aof"}' | reimport db update 1 -f - --dry-run`,
	}
	s.register(cmd)
	return a.databaseVerb(cmd, noMore, func(ctx context.Context, c call, uid int) error {
		object, err := s.object(c.in)
		if err != nil {
			return err
		}
		db, err := c.client.UpdateDatabaseJSON(ctx, uid, object, s.options()...)
		if err != nil {
			return err
		}
		return c.print(db, databaseColumns()...)
	})
}
