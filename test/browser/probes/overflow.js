// What is wider than the window, except for what scrolls in its own place.
(() => {
	const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
	const wide = [...document.body.querySelectorAll("*")].filter(e => {
		const r = e.getBoundingClientRect();
		if (r.width === 0 || r.right <= innerWidth + 1 && r.left >= -1) return false;
		// What scrolls or cuts holds only what is placed within it.
		for (let p = e.parentElement, placed = getComputedStyle(e).position; p; p = p.parentElement) {
			const s = getComputedStyle(p);
			if (placed === "absolute" && s.position === "static" && s.transform === "none" && s.contain === "none") continue;
			if (s.overflowX !== "visible") return false;
			placed = s.position;
		}
		return true;
	});
	return {over: Math.max(0, over), wide: over > 0 ? wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120)) : []};
})()
