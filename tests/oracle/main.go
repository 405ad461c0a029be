// Command oracle runs template cases through Go's text/template with the function sets of sprig and gomplate and
// writes down what came out. The outputs are committed, so the tests of this project need no Go.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
	"github.com/hairyhenderson/gomplate/v3"
	"github.com/hairyhenderson/gomplate/v3/data"
)

// options are the keys that a file may set for all of its cases.
type options struct {
	Data       any      `json:"data,omitempty"`
	Delims     []string `json:"delims,omitempty"`
	MissingKey string   `json:"missingkey,omitempty"`
	Funcs      string   `json:"funcs,omitempty"`
}

type testCase struct {
	Name     string `json:"name,omitempty"`
	Template text   `json:"template"`
	options
	Stage  string  `json:"stage,omitempty"`
	Expect *string `json:"expect,omitempty"`
	Error  *string `json:"error,omitempty"`
}

type caseFile struct {
	Env         map[string]string `json:"env,omitempty"`
	Files       map[string]string `json:"files,omitempty"`
	Datasources map[string]string `json:"datasources,omitempty"`
	Defaults    *options          `json:"defaults,omitempty"`
	Cases       []testCase        `json:"cases"`
}

// text is a string, or a list of strings that are joined with line breaks.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	var lines []string
	if json.Unmarshal(raw, &lines) == nil {
		*t = text(strings.Join(lines, "\n"))
		return nil
	}
	return json.Unmarshal(raw, (*string)(t))
}

// UnmarshalJSON takes the short form too: a case that is nothing but its template.
func (c *testCase) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' || raw[0] == '[' {
		return json.Unmarshal(raw, &c.Template)
	}
	type plain testCase
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	return decoder.Decode((*plain)(c))
}

func main() {
	time.Local = time.UTC
	root, err := os.Getwd()
	check(err)
	topics := os.Args[1:]
	if len(topics) == 0 {
		inputs, err := filepath.Glob("inputs/*.json")
		check(err)
		for _, input := range inputs {
			topics = append(topics, strings.TrimSuffix(filepath.Base(input), ".json"))
		}
	}
	writeFunctions("functions.txt")
	for _, topic := range topics {
		runFile(filepath.Join(root, "inputs", topic+".json"), filepath.Join(root, "cases", topic+".json"))
	}
}

func runFile(input, output string) {
	raw, err := os.ReadFile(input)
	check(err)
	var file caseFile
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		check(fmt.Errorf("%s: %w", input, err))
	}
	defaults := options{Funcs: "none"}
	if file.Defaults != nil {
		defaults = *file.Defaults
		file.Defaults = nil
	}

	dir, err := os.MkdirTemp("", "oracle")
	check(err)
	defer os.RemoveAll(dir)
	check(os.Chdir(dir))
	for path, content := range file.Files {
		check(os.MkdirAll(filepath.Dir(path), 0o755))
		check(os.WriteFile(path, []byte(content), 0o644))
	}
	os.Clearenv()
	for name, value := range file.Env {
		check(os.Setenv(name, value))
	}

	for i := range file.Cases {
		c := &file.Cases[i]
		c.inherit(defaults)
		result, stage, err := run(&file, c)
		if err != nil {
			message := strings.ReplaceAll(err.Error(), dir, "DIR")
			c.Error, c.Stage = &message, stage
		} else {
			c.Expect = &result
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	check(encoder.Encode(file))
	check(os.WriteFile(output, out.Bytes(), 0o644))
	fmt.Println(filepath.Base(output), len(file.Cases))
}

func (c *testCase) inherit(defaults options) {
	if c.Data == nil {
		c.Data = defaults.Data
	}
	if c.Delims == nil {
		c.Delims = defaults.Delims
	}
	if c.MissingKey == "" {
		c.MissingKey = defaults.MissingKey
	}
	if c.Funcs == "" {
		c.Funcs = defaults.Funcs
	}
}

func run(file *caseFile, c *testCase) (out string, stage string, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	t := template.New("t")
	switch c.Funcs {
	case "none":
	case "sprig":
		t.Funcs(sprig.TxtFuncMap())
	case "sprig+gomplate":
		t.Funcs(gomplateFuncs(context.Background(), file)).Funcs(sprig.TxtFuncMap())
	case "gomplate-experimental":
		ctx := gomplate.SetExperimental(context.Background())
		t.Funcs(gomplateFuncs(ctx, file)).Funcs(sprig.TxtFuncMap())
	default:
		check(fmt.Errorf("unknown function set %q", c.Funcs))
	}
	if len(c.Delims) == 2 {
		t.Delims(c.Delims[0], c.Delims[1])
	}
	if c.MissingKey != "" {
		t.Option("missingkey=" + c.MissingKey)
	}
	stage = "parse"
	if _, err = t.Parse(string(c.Template)); err != nil {
		return "", stage, err
	}
	stage = "execute"
	var buffer bytes.Buffer
	err = t.Execute(&buffer, typed(c.Data))
	return buffer.String(), stage, err
}

func gomplateFuncs(ctx context.Context, file *caseFile) template.FuncMap {
	var sources []string
	for alias, url := range file.Datasources {
		sources = append(sources, alias+"="+url)
	}
	d, err := data.NewData(sources, nil)
	check(err)
	d.Ctx = ctx
	return gomplate.CreateFuncs(ctx, d)
}

// writeFunctions lists the names of all functions of both libraries, those of namespaces with their namespace.
func writeFunctions(path string) {
	var names []string
	for name := range sprig.TxtFuncMap() {
		names = append(names, name)
	}
	for name, function := range gomplateFuncs(context.Background(), &caseFile{}) {
		value := reflect.ValueOf(function)
		if value.Type().NumIn() > 0 || value.Type().NumOut() != 1 || value.Type().Out(0).Kind() != reflect.Interface {
			names = append(names, name)
			continue
		}
		namespace := value.Call(nil)[0].Elem()
		for i := range namespace.NumMethod() {
			names = append(names, name+"."+namespace.Type().Method(i).Name)
		}
		for i := range namespace.Elem().NumField() {
			if field := namespace.Elem().Type().Field(i); field.IsExported() {
				names = append(names, name+"."+field.Name)
			}
		}
	}
	slices.Sort(names)
	check(os.WriteFile(path, []byte(strings.Join(slices.Compact(names), "\n")+"\n"), 0o644))
}

// typed gives numbers the types that a YAML document would give them, and copies everything, so that functions that
// change their arguments cannot reach the next case.
func typed(value any) any {
	switch value := value.(type) {
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") {
			number, err := value.Float64()
			check(err)
			return number
		}
		number, err := value.Int64()
		check(err)
		return int(number)
	case map[string]any:
		out := make(map[string]any, len(value))
		for key, item := range value {
			out[key] = typed(item)
		}
		return out
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = typed(item)
		}
		return out
	default:
		return value
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
