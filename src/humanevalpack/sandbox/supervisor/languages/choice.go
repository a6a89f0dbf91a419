package guard

import "syscall"

// Chosen is the import path of the program that this process runs: the only one of a build of its own, else the one that
// the environment names.
var Chosen = "command-line-arguments"

const (
	variable = "HUMANEVALPACK_PROGRAM"
	done     = 2 // the state of a package whose initialisation is over (runtime: initTask)
)

type task struct {
	path  string
	state *uintptr
}

// Of several programs in one binary only the chosen one is initialised: the others' packages count as done before the
// runtime comes to them, so that none of their code runs. tasks.go, made by go_prepare.py, lists their states.
func init() {
	name, found := syscall.Getenv(variable)
	if !found {
		return
	}
	syscall.Unsetenv(variable)
	Chosen = name
	for _, other := range tasks {
		if other.path != name {
			*other.state = done
		}
	}
}
