package console

import "strings"

// clue is a word of a User-Agent and what it tells; the first that fits counts.
type clue struct{ word, name string }

// deviceOf names the browser and the system of a User-Agent, well enough for a person to recognize their own.
func deviceOf(agent string) string {
	browser := firstOf(agent, []clue{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"Chrome/", "Chrome"},
		{"CriOS/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
	})
	system := firstOf(agent, []clue{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Mac OS X", "macOS"},
		{"Linux", "Linux"},
	})
	switch {
	case browser == "" && system == "":
		return "Unknown device"
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func firstOf(agent string, clues []clue) string {
	for _, c := range clues {
		if strings.Contains(agent, c.word) {
			return c.name
		}
	}
	return ""
}
