// Package guard keeps a Go program's token. It is the first package of the binary to be initialised: testmain imports it
// first, and its path comes first in the order of newer Go releases, too. So no code of the program has run when it takes
// the token from its pipe; the program's own file cannot import it.
package guard

import "syscall"

const (
	tokenFD, proofFD = 3, 4
	setDumpable      = 4 // PR_SET_DUMPABLE
	duplicate        = 1030 // F_DUPFD_CLOEXEC
)

var (
	pad, masked [64]byte
	size        int
	proof       = proofFD
)

func init() {
	// nobody but root opens this process's memory, be it through /proc/self/mem or as a debugger
	syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0)
	if random, err := syscall.Open("/dev/urandom", syscall.O_RDONLY|syscall.O_CLOEXEC, 0); err == nil {
		syscall.Read(random, pad[:])
		syscall.Close(random)
	}
	var token [64]byte
	size, _ = syscall.Read(tokenFD, token[:])
	for i := range token {
		masked[i] = token[i] ^ pad[i]
	}
	syscall.Close(tokenFD)
	if fd, _, err := syscall.Syscall(syscall.SYS_FCNTL, proofFD, duplicate, 100+uintptr(pad[0])%100); err == 0 {
		proof = int(fd)
		syscall.Close(proofFD)
	}
}

// Prove hands the token over: all tests have run to their end and nothing failed.
func Prove() {
	if size > 0 {
		var token [64]byte
		for i := range token {
			token[i] = masked[i] ^ pad[i]
		}
		syscall.Write(proof, token[:size])
	}
}
