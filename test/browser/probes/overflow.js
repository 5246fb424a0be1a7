// What is wider than the window, except for what scrolls in its own place.
(() => {
	const over = document.documentElement.scrollWidth - innerWidth;
	const wide = [...document.body.querySelectorAll("*")].filter(e => {
		const r = e.getBoundingClientRect();
		if (r.width === 0 || r.right <= innerWidth + 1 && r.left >= -1) return false;
		for (let p = e.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowX !== "visible") return false;
		const s = getComputedStyle(e);
		return s.position !== "absolute" && s.position !== "fixed";
	});
	return {over: Math.max(0, over), wide: over > 0 ? wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120)) : []};
})()
