// testmain writes the main package of a test binary, as `go test` does, for one test file. It differs in three things:
// the tests are counted, and when all of them have run to their end without a failure the token is handed over. A
// TestMain of the program is not called: nothing that a test needs can hang on it, and a forged pass can. And a file
// in which the test does not mean what it says is refused (see refusal).
package main

import (
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
		guard.Prove()
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

func main() {
	text, err := os.ReadFile(os.Args[1])
	files := token.NewFileSet()
	var file *ast.File
	if err == nil {
		file, err = parser.ParseFile(files, os.Args[1], text, parser.ParseComments)
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	if trouble := refusal(files, file, text); trouble != "" {
		fmt.Println("error:", trouble)
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
