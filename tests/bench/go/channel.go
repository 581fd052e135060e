// A Go channel between goroutines; the scenarios are those of ../c/scenarios.c.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const sides = 4 // goroutines on each side of mpmc

func fail(status int, message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(status)
}

func putAll(channel chan uint64, items uint64) {
	for item := uint64(1); item <= items; item++ {
		channel <- item
	}
}

func getAll(channel chan uint64, items uint64) (sum uint64) {
	for i := uint64(0); i < items; i++ {
		sum += <-channel
	}
	return sum
}

func stream(capacity int, items uint64) uint64 {
	channel := make(chan uint64, capacity)
	go putAll(channel, items)
	return getAll(channel, items)
}

func pingpong(capacity int, items uint64) (sum uint64) {
	there := make(chan uint64, capacity)
	back := make(chan uint64, capacity)
	go func() {
		for i := uint64(0); i < items; i++ {
			back <- <-there
		}
	}()
	for item := uint64(1); item <= items; item++ {
		there <- item
		sum += <-back
	}
	return sum
}

func mpmc(capacity int, share uint64) (sum uint64) {
	channel := make(chan uint64, capacity)
	sums := make([]uint64, sides)
	var done sync.WaitGroup
	for i := 0; i < sides; i++ {
		i := i
		done.Add(1)
		go putAll(channel, share)
		go func() {
			sums[i] = getAll(channel, share)
			done.Done()
		}()
	}
	done.Wait()
	for _, s := range sums {
		sum += s
	}
	return sum
}

func cpu() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(1, err.Error())
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func blocked(ms int) int64 {
	empty := make(chan uint64, 1)
	full := make(chan uint64, 1)
	go func() { <-empty }()
	go func() { full <- 1; full <- 2 }()
	time.Sleep(10 * time.Millisecond)
	start := cpu()
	time.Sleep(time.Duration(ms) * time.Millisecond)
	return cpu() - start
}

func main() {
	if len(os.Args) != 4 {
		fail(2, "usage: SCENARIO NUMBER ITEMS")
	}
	number, _ := strconv.Atoi(os.Args[2])
	items, _ := strconv.ParseUint(os.Args[3], 10, 64)
	expected := items * (items + 1) / 2
	start := time.Now()
	var sum uint64
	switch os.Args[1] {
	case "stream":
		sum = stream(number, items)
	case "pingpong":
		sum = pingpong(number, items)
	case "mpmc":
		share := items/sides + 1
		items = share * sides
		expected = sides * (share * (share + 1) / 2)
		sum = mpmc(number, share)
	case "blocked":
		fmt.Println(blocked(number))
		return
	default:
		fail(3, "unsupported scenario")
	}
	elapsed := time.Since(start)
	if sum != expected {
		fail(1, "items were lost or duplicated")
	}
	fmt.Printf("%.3f\n", float64(elapsed.Nanoseconds())/float64(items))
}
