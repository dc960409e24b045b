package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
)

// section is a list of fields of a set-up file: where they stand, and what they are.
type section struct {
	Name   string // as databases[].module_list[], empty for the whole file
	Fields []setting
}

type setting struct{ Name, Type, Meaning string }

// setupFile reads the fields of a set-up file from the Go types that it is decoded into: names from the yaml tags,
// meanings from the comments, so that whoever adds a field describes it where it is.
func setupFile(path string) ([]section, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	types := map[string]*ast.StructType{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			if s, ok := spec.Type.(*ast.StructType); ok {
				types[spec.Name.Name] = s
			}
		}
		return true
	})
	return sections(types, "file", "")
}

func sections(types map[string]*ast.StructType, name, path string) ([]section, error) {
	own := section{Name: strings.TrimSuffix(path, ".")}
	var below []section
	for _, f := range types[name].Fields.List {
		key := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
		if key == "-" {
			continue
		}
		meaning := strings.TrimSpace(f.Comment.Text())
		if meaning == "" {
			return nil, fmt.Errorf("%s%s: a field without a comment", path, key)
		}
		kind, element := kindOf(f.Type)
		own.Fields = append(own.Fields, setting{key, kind, meaning})
		if types[element] == nil {
			continue
		}
		at := path + key
		if kind != "mapping" {
			at += "[]"
		}
		more, err := sections(types, element, at+".")
		if err != nil {
			return nil, err
		}
		below = append(below, more...)
	}
	return append([]section{own}, below...), nil
}

// kindOf names a Go type as the readers of a YAML file do, and its element's type where it is a list.
func kindOf(expr ast.Expr) (kind, element string) {
	if list, ok := expr.(*ast.ArrayType); ok {
		of, name := kindOf(list.Elt)
		return "list of " + of + "s", name
	}
	name := expr.(*ast.Ident).Name
	switch name {
	case "bool":
		return "true or false", name
	case "int", "int64":
		return "integer", name
	case "float64":
		return "number", name
	case "string":
		return "string", name
	}
	return "mapping", name
}
