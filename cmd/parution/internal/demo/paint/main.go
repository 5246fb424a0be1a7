// Paint makes the photographs of the sample publication, which nobody took: ridges
// in the mist, and the sea at dusk. They are JPEG and large, so that the sample
// shows what becomes of photographs.
//
//	go run ./internal/demo/paint internal/demo/content/media
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
)

const (
	width, height = 2000, 1250
	quality       = 84
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: paint FOLDER")
		os.Exit(2)
	}
	for name, paint := range map[string]func(x, y float64) rgb{"brume.jpg": mist, "golfe.jpg": sea} {
		if err := write(filepath.Join(os.Args[1], name), paint); err != nil {
			fmt.Fprintln(os.Stderr, "paint:", err)
			os.Exit(1)
		}
	}
}

func write(file string, paint func(x, y float64) rgb) error {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for py := range height {
		for px := range width {
			c := paint(float64(px)/height, float64(py)/height)
			// A little grain keeps the skies from showing steps.
			grain := (hash(float64(px), float64(py)*7+3) - 0.5) * 0.012
			m.SetRGBA(px, py, color.RGBA{level(c.r + grain), level(c.g + grain), level(c.b + grain), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: quality}); err != nil {
		return fmt.Errorf("encode %s: %w", file, err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil { //nolint:gosec // the folder is what whoever runs this wants
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}

// rgb is a colour, from 0 to 1 each.
type rgb struct{ r, g, b float64 }

func level(v float64) uint8 { return uint8(math.Round(255 * clamp(v))) }

func clamp(v float64) float64 { return min(1, max(0, v)) }

func mix(a, b rgb, t float64) rgb {
	t = clamp(t)
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

// smooth rises from 0 at a to 1 at b.
func smooth(a, b, v float64) float64 {
	t := clamp((v - a) / (b - a))
	return t * t * (3 - 2*t)
}

// hash is a number from 0 to 1 that looks like chance and is the same each time.
func hash(x, y float64) float64 {
	v := math.Sin(x*127.1+y*311.7) * 43758.5453
	return v - math.Floor(v)
}

// noise is smooth chance.
func noise(x, y float64) float64 {
	ix, iy := math.Floor(x), math.Floor(y)
	fx, fy := smooth(0, 1, x-ix), smooth(0, 1, y-iy)
	top := hash(ix, iy) + (hash(ix+1, iy)-hash(ix, iy))*fx
	bottom := hash(ix, iy+1) + (hash(ix+1, iy+1)-hash(ix, iy+1))*fx
	return top + (bottom-top)*fy
}

// rough adds finer and finer noise.
func rough(x, y float64, octaves int) float64 {
	sum, size, total := 0.0, 1.0, 0.0
	for range octaves {
		sum, total = sum+noise(x, y)*size, total+size
		x, y, size = x*2.03+17, y*2.03+5, size/2
	}
	return sum / total
}

// mist is seven ridges, each paler than the one before it, under a low sun.
func mist(x, y float64) rgb {
	low, high := rgb{0.98, 0.86, 0.72}, rgb{0.50, 0.64, 0.76}
	c := mix(high, low, smooth(0, 0.55, y))
	sunX, sunY := 1.10, 0.33
	away := math.Hypot(x-sunX, y-sunY)
	c = mix(c, rgb{1, 0.93, 0.80}, 0.75*math.Exp(-away*away*14))
	c = mix(c, rgb{1, 0.98, 0.92}, smooth(0.050, 0.044, away))
	const ridges = 7
	near := rgb{0.06, 0.13, 0.17}
	for i := range ridges {
		n := float64(i)
		depth := (n + 1) / ridges
		crest := 0.36 + 0.085*n + 0.02*n*n/6
		crest -= (0.10 + 0.035*n) * (rough(x*(1.6+0.25*n)+n*31, n*11, 6) - 0.35)
		if i == ridges-1 { // firs on the nearest
			crest -= 0.020 * math.Abs(math.Mod(x*61+3*noise(x*9, 2), 1)-0.5) * (0.6 + rough(x*40, 8, 3))
		}
		if y < crest {
			continue
		}
		body := mix(mix(low, high, 0.35), near, math.Pow(depth, 1.35))
		// Mist lies in the valleys before the next ridge.
		fog := smooth(0.02, 0.26, y-crest) * (1 - depth) * (0.75 + 0.5*rough(x*3+n*7, y*9, 4))
		c = mix(body, mix(low, high, 0.15), fog)
	}
	return c
}

// sea is a gulf after the sun has gone, with two headlands and a path of light.
func sea(x, y float64) rgb {
	const horizon = 0.52
	dusk, glow := rgb{0.16, 0.20, 0.36}, rgb{0.99, 0.62, 0.38}
	sky := func(v float64) rgb {
		c := mix(dusk, rgb{0.75, 0.42, 0.46}, smooth(0.02, 0.36, v))
		return mix(c, glow, smooth(0.30, horizon, v))
	}
	lightX := 0.62
	if y < horizon {
		c := sky(y)
		away := math.Hypot((x-lightX)*0.8, y-horizon)
		c = mix(c, rgb{1, 0.84, 0.58}, 0.85*math.Exp(-away*away*22))
		cloud := smooth(0.54, 0.76, rough(x*1.7+4, y*9, 6)) * smooth(0.03, 0.20, y) * smooth(horizon, 0.40, y)
		c = mix(c, rgb{0.36, 0.24, 0.36}, 0.60*cloud)
		for i, h := range []float64{
			0.075*smooth(1.02, 1.55, x) + 0.018*(rough(x*6, 3, 5)-0.5)*smooth(1.02, 1.2, x),
			0.050*smooth(0.42, 0.05, x) + 0.016*(rough(x*7+9, 6, 5)-0.5)*smooth(0.42, 0.3, x),
		} {
			if h > 0.001 && y > horizon-h {
				c = mix(rgb{0.30, 0.22, 0.33}, rgb{0.20, 0.16, 0.27}, float64(i))
			}
		}
		return c
	}
	// The sea mirrors the sky, broken by waves that are larger the nearer they are.
	far := y - horizon
	scale := 1 / (far + 0.018)
	wave := rough(x*scale*0.9+40, scale*5.5, 5) - 0.5
	c := mix(sky(horizon-far*0.95+wave*0.30), rgb{0.09, 0.13, 0.22}, 0.30+0.50*smooth(0, 0.5, far))
	aside := (x - lightX) / (0.035 + 0.34*far)
	path := math.Exp(-aside * aside)
	c = mix(c, rgb{1, 0.80, 0.55}, path*smooth(0.02, 0.30, wave+0.16)*(1-0.55*far))
	return mix(c, rgb{0.07, 0.10, 0.17}, 0.45*smooth(0.02, 0.34, -wave))
}
