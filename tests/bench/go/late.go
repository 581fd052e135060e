// The lateness of Go's ticker: `late PERIOD_MS TICKS` prints the median and the 99th percentile in
// ns. Tick k is due k periods after the start. If the ticker drops a tick, all later ones count as
// one period later.
package main

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) != 4 || os.Args[1] != "late" {
		os.Exit(3)
	}
	ms, _ := strconv.Atoi(os.Args[2])
	ticks, _ := strconv.Atoi(os.Args[3])
	period := time.Duration(ms) * time.Millisecond
	late := make([]int, 0, ticks)
	start := time.Now()
	ticker := time.NewTicker(period)
	for k := 1; k <= ticks; k++ {
		<-ticker.C
		late = append(late, int(time.Since(start)-time.Duration(k)*period))
	}
	sort.Ints(late)
	fmt.Println(late[ticks/2], late[ticks*99/100])
}
