// Copies lines from standard input to standard output. One goroutine reads and another writes, both
// buffered; an unbuffered channel between them passes one line at a time.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	lines := make(chan string)
	go func() {
		defer close(lines)
		reader := bufio.NewReaderSize(os.Stdin, 64*1024)
		for {
			line, err := reader.ReadString('\n')
			if len(line) != 0 {
				lines <- line
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				fail(err)
			}
		}
	}()
	writer := bufio.NewWriterSize(os.Stdout, 64*1024)
	for line := range lines {
		if _, err := writer.WriteString(line); err != nil {
			fail(err)
		}
	}
	if err := writer.Flush(); err != nil {
		fail(err)
	}
}
