# Sourced by image.sh: the go command's own packages and sources and Go's tests, which no program can import.
rm -rf /usr/lib/go-*/pkg/*/cmd /usr/share/go-*/src/cmd /usr/share/go-*/test /usr/share/go-*/api
