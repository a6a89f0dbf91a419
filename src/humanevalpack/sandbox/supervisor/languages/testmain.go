// testmain writes the main package of a test binary, as `go test` does, for one test file. It differs in two things:
// the tests are counted, and when all of them have run to their end without a failure the token is handed over. A
// TestMain of the program is not called: nothing that a test needs can hang on it, and a forged pass can.
package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

const head = `package main

import (
	"os"
	"testing"
	"testing/internal/testdeps"

	%s "command-line-arguments"
)

var left = %d

func counted(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		test(t)
		left--
	}
}

func main() {
	tests := []testing.InternalTest{%s}
	fuzz := []testing.InternalFuzzTarget{%s}
	examples := []testing.InternalExample{%s}
	code := testing.MainStart(testdeps.TestDeps{}, tests, nil, fuzz, examples).Run()
	if code == 0 && left == 0 && len(tests) > 0 {
		token := make([]byte, 64)
		in, out := os.NewFile(3, "token"), os.NewFile(4, "proof")
		if size, err := in.Read(token); err == nil {
			out.Write(token[:size])
		}
	}
	os.Exit(code)
}
`

// isTest reports whether a name is prefix, or prefix and a word that does not begin with a lower-case letter.
func isTest(name, prefix string) bool {
	if !strings.HasPrefix(name, prefix) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(name[len(prefix):])
	return len(name) == len(prefix) || !unicode.IsLower(first)
}

// takes reports whether a function takes one *testing.kind (however the package is called there) and returns nothing.
func takes(function *ast.FuncDecl, kind string) bool {
	signature := function.Type
	if signature.Results != nil && len(signature.Results.List) > 0 || signature.TypeParams != nil {
		return false
	}
	if len(signature.Params.List) != 1 || len(signature.Params.List[0].Names) > 1 {
		return false
	}
	pointer, ok := signature.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	switch named := pointer.X.(type) {
	case *ast.Ident:
		return named.Name == kind
	case *ast.SelectorExpr:
		return named.Sel.Name == kind
	}
	return false
}

func main() {
	file, err := parser.ParseFile(token.NewFileSet(), os.Args[1], nil, parser.ParseComments)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	var tests, fuzz, examples []string
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Recv != nil {
			continue
		}
		name := function.Name.String()
		if isTest(name, "Test") && !(name == "TestMain" && takes(function, "M")) {
			if !takes(function, "T") {
				fmt.Printf("error: wrong signature for %s, must be: func %s(t *testing.T)\n", name, name)
				os.Exit(1)
			}
			tests = append(tests, fmt.Sprintf("{%q, counted(program.%s)}", name, name))
		}
		if isTest(name, "Fuzz") && takes(function, "F") {
			fuzz = append(fuzz, fmt.Sprintf("{%q, program.%s}", name, name))
		}
	}
	for _, example := range doc.Examples(file) {
		if example.Output == "" && !example.EmptyOutput {
			continue // compiled but not run
		}
		name := "Example" + example.Name
		examples = append(examples, fmt.Sprintf("{%q, program.%s, %q, %t}", name, name, example.Output, example.Unordered))
	}
	alias := "program"
	if len(tests)+len(fuzz)+len(examples) == 0 {
		alias = "_"
	}
	list := func(parts []string) string { return strings.Join(parts, ", ") }
	source := fmt.Sprintf(head, alias, len(tests), list(tests), list(fuzz), list(examples))
	if err := os.WriteFile(os.Args[2], []byte(source), 0o644); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}
