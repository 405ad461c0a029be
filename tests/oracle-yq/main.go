// Evaluates the inputs with yq itself and writes what it says beside them.
//
//	go run . [topic...]
package main

import (
	"bytes"
	"container/list"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mikefarah/yq/v4/pkg/yqlib"
)

// input is one file of inputs/: cases with what they share.
type input struct {
	Env      map[string]string `json:"env,omitempty"`
	Document string            `json:"document,omitempty"`
	Cases    []json.RawMessage `json:"cases"`
}

// outcome is one case with its result; a case is a query, or an object with a document of its own.
type outcome struct {
	Query    string            `json:"query"`
	Document *string           `json:"document,omitempty"`
	Expect   []json.RawMessage `json:"expect,omitempty"`
	Error    string            `json:"error,omitempty"`
}

type output struct {
	Env      map[string]string `json:"env,omitempty"`
	Document string            `json:"document"`
	Cases    []json.RawMessage `json:"cases"`
}

func main() {
	topics := os.Args[1:]
	if len(topics) == 0 {
		files, _ := filepath.Glob("inputs/*.json")
		for _, file := range files {
			topics = append(topics, strings.TrimSuffix(filepath.Base(file), ".json"))
		}
	}
	for _, topic := range topics {
		if err := regenerate(topic); err != nil {
			fmt.Fprintln(os.Stderr, topic+":", err)
			os.Exit(1)
		}
	}
}

func regenerate(topic string) error {
	text, err := os.ReadFile(filepath.Join("inputs", topic+".json"))
	if err != nil {
		return err
	}
	var in input
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	os.Clearenv()
	for name, value := range in.Env {
		os.Setenv(name, value)
	}
	out := output{Env: in.Env, Document: in.Document}
	for _, raw := range in.Cases {
		var one outcome
		if err := json.Unmarshal(raw, &one.Query); err != nil {
			if err := json.Unmarshal(raw, &one); err != nil {
				return err
			}
		}
		document := in.Document
		if one.Document != nil {
			document = *one.Document
		}
		if one.Expect, err = evaluate(one.Query, document); err != nil {
			one.Error = err.Error()
		} else if one.Expect == nil {
			one.Expect = []json.RawMessage{}
		}
		line, err := encode(one)
		if err != nil {
			return err
		}
		out.Cases = append(out.Cases, line)
	}
	return write(filepath.Join("cases", topic+".json"), out)
}

// evaluate runs the query as yq runs it on each document of a stream.
func evaluate(query, document string) (results []json.RawMessage, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v", reason)
		}
	}()
	yqlib.InitExpressionParser()
	tree, err := yqlib.ExpressionParser.ParseExpression(query)
	if err != nil {
		return nil, err
	}
	decoder := yqlib.NewYamlDecoder(yqlib.ConfiguredYamlPreferences)
	if err := decoder.Init(strings.NewReader(document)); err != nil {
		return nil, err
	}
	node, err := decoder.Decode()
	if err != nil {
		return nil, errors.Join(errors.New("the document"), err)
	}
	matches := list.New()
	matches.PushBack(node)
	found, err := yqlib.NewDataTreeNavigator().GetMatchingNodes(yqlib.Context{MatchingNodes: matches}, tree)
	if err != nil {
		return nil, err
	}
	for item := found.MatchingNodes.Front(); item != nil; item = item.Next() {
		text, err := item.Value.(*yqlib.CandidateNode).MarshalJSON()
		if err != nil {
			return nil, err
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, text); err != nil {
			return nil, err
		}
		results = append(results, compact.Bytes())
	}
	return results, nil
}

func encode(one outcome) (json.RawMessage, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	fields := []any{"query", one.Query}
	if one.Document != nil {
		fields = append(fields, "document", *one.Document)
	}
	if one.Error != "" {
		fields = append(fields, "error", one.Error)
	} else {
		fields = append(fields, "expect", one.Expect)
	}
	text.WriteByte('{')
	for index := 0; index < len(fields); index += 2 {
		if index > 0 {
			text.WriteString(", ")
		}
		for side, separator := range []string{": ", ""} {
			if err := encoder.Encode(fields[index+side]); err != nil {
				return nil, err
			}
			text.Truncate(text.Len() - 1)
			text.WriteString(separator)
		}
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// write keeps one case a line, so that a change shows as one.
func write(path string, out output) error {
	var text bytes.Buffer
	head, err := json.Marshal(struct {
		Env      map[string]string `json:"env,omitempty"`
		Document string            `json:"document"`
	}{out.Env, out.Document})
	if err != nil {
		return err
	}
	text.Write(bytes.TrimSuffix(head, []byte("}")))
	text.WriteString(",\n\"cases\": [\n")
	for index, line := range out.Cases {
		text.Write(line)
		if index < len(out.Cases)-1 {
			text.WriteByte(',')
		}
		text.WriteByte('\n')
	}
	text.WriteString("]}\n")
	return os.WriteFile(path, text.Bytes(), 0o644)
}
