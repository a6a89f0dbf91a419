// testmain writes the main package of a test binary, as `go test` does, for test files that are packages of their own. It
// differs in three things: the tests are counted, and when all of them have run to their end without a failure the token
// is handed over. A TestMain of the program is not called: nothing that a test needs can hang on it, and a forged pass
// can. And a file in which the test does not mean what it says is refused (see refusal).
//
// Arguments: the file to write, then an import path and a file for each program. A binary of several programs runs the
// one that guard.Chosen names. A program that is refused is left out, and its trouble is told; those that are in the
// binary are listed.
package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const head = `package main

import (
	"a/guard"
	"os"
	"testing"
	"testing/internal/testdeps"
%s)

var left int

func counted(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		test(t)
		left--
	}
}

func main() {
	var tests []testing.InternalTest
	var fuzz []testing.InternalFuzzTarget
	var examples []testing.InternalExample
	switch guard.Chosen {
%s	}
	left = len(tests)
	code := testing.MainStart(testdeps.TestDeps{}, tests, nil, fuzz, examples).Run()
	if code == 0 && left == 0 && len(tests) > 0 {
		guard.Prove()
	}
	os.Exit(code)
}
`

const chosen = `	case %q:
		tests = []testing.InternalTest{%s}
		fuzz = []testing.InternalFuzzTarget{%s}
		examples = []testing.InternalExample{%s}
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

var predeclared = map[string]bool{}

func init() {
	for _, name := range strings.Fields(`any bool byte comparable complex64 complex128 error float32 float64 int int8 int16
		int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr true false iota nil append cap close complex
		copy delete imag len make new panic print println real recover`) {
		predeclared[name] = true
	}
}

var testBegins = regexp.MustCompile(`(?m)^func (Test\w*)\(`)

// refusal names what makes the file's last test, which is the trusted one, mean something else than it says; "" if
// nothing does. Names that the test has from outside of itself are imports, predeclared names or what the program
// defines, and the program must not pass off its own things as the former two.
func refusal(files *token.FileSet, file *ast.File, text []byte) string {
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if strings.HasPrefix(comment.Text, "//go:linkname") {
				return "//go:linkname reaches into other packages"
			}
		}
	}
	found := testBegins.FindAllSubmatchIndex(text, -1)
	if len(found) == 0 {
		return ""
	}
	begins := found[len(found)-1]
	var test *ast.FuncDecl
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if ok && files.Position(function.Name.Pos()).Offset == begins[2] {
			test = function
		}
	}
	if test == nil {
		return "the test is part of a comment or a string: " + string(text[begins[2]:begins[3]])
	}
	imported, usesUnsafe := map[string]string{}, false
	for _, spec := range file.Imports {
		from, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(from)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imported[name] = from
		usesUnsafe = usesUnsafe || from == "unsafe"
	}
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if ok && function != test && isTest(function.Name.Name, "Test") && usesUnsafe {
			return "a test of the program's own with unsafe could change the result of " + test.Name.Name
		}
	}
	trouble := ""
	ast.Inspect(file, func(node ast.Node) bool {
		if name, ok := node.(*ast.Ident); ok && name.Obj == test.Name.Obj && name != test.Name {
			trouble = "the program itself uses " + name.Name
		}
		return true
	})
	ast.Inspect(test, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok {
				from, isImport := imported[name.Name]
				if file.Scope.Lookup(name.Name) != nil && name.Obj == file.Scope.Lookup(name.Name) {
					trouble = name.Name + " in the test is the program's own, not a package"
				} else if name.Obj == nil && isImport && path.Base(from) != name.Name {
					trouble = name.Name + " in the test is the package " + from
				}
			}
		}
		if name, ok := node.(*ast.Ident); ok && predeclared[name.Name] {
			if name.Obj != nil && name.Obj == file.Scope.Lookup(name.Name) {
				trouble = name.Name + " in the test is the program's own, not the predeclared one"
			}
		}
		return true
	})
	return trouble
}

// parts returns the import and the case of one program; what makes it unfit is an error.
func parts(importPath, name string) (string, string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", "", err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments)
	if err != nil {
		return "", "", err
	}
	if trouble := refusal(files, file, text); trouble != "" {
		return "", "", errors.New(trouble)
	}
	alias := strings.ReplaceAll(importPath, "-", "_")
	var tests, fuzz, examples []string
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Recv != nil {
			continue
		}
		name := function.Name.String()
		here := alias + "." + name
		if isTest(name, "Test") && !(name == "TestMain" && takes(function, "M")) {
			if !takes(function, "T") {
				return "", "", fmt.Errorf("wrong signature for %s, must be: func %s(t *testing.T)", name, name)
			}
			tests = append(tests, fmt.Sprintf("{%q, counted(%s)}", name, here))
		}
		if isTest(name, "Fuzz") && takes(function, "F") {
			fuzz = append(fuzz, fmt.Sprintf("{%q, %s}", name, here))
		}
	}
	for _, example := range doc.Examples(file) {
		if example.Output == "" && !example.EmptyOutput {
			continue // compiled but not run
		}
		name := "Example" + example.Name
		here := alias + "." + name
		examples = append(examples, fmt.Sprintf("{%q, %s, %q, %t}", name, here, example.Output, example.Unordered))
	}
	if len(tests)+len(fuzz)+len(examples) == 0 {
		alias = "_"
	}
	list := func(parts []string) string { return strings.Join(parts, ", ") }
	runs := fmt.Sprintf(chosen, importPath, list(tests), list(fuzz), list(examples))
	return fmt.Sprintf("\t%s %q\n", alias, importPath), runs, nil
}

func main() {
	var imports, cases strings.Builder
	for at := 2; at+1 < len(os.Args); at += 2 {
		imported, runs, err := parts(os.Args[at], os.Args[at+1])
		if err != nil {
			fmt.Println("error:", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		imports.WriteString(imported)
		cases.WriteString(runs)
		fmt.Println("program:", os.Args[at])
	}
	if imports.Len() == 0 {
		os.Exit(1)
	}
	source := fmt.Sprintf(head, imports.String(), cases.String())
	if err := os.WriteFile(os.Args[1], []byte(source), 0o644); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}
