// What the keyboard should reach on the page, in order, and tools to follow the
// focus with: window.keyboard.
(() => {
	const name = e => e.tagName.toLowerCase() + (e.id ? "#" + e.id : "") + (typeof e.className === "string" && e.className ? "." + e.className.trim().replace(/\s+/g, ".") : "") +
		" " + JSON.stringify((e.getAttribute("aria-label") || e.textContent || e.value || "").trim().replace(/\s+/g, " ").slice(0, 40));
	const shown = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = c => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = "#0000";
		canvas.fillStyle = c;
		canvas.fillRect(0, 0, 1, 1);
		const d = canvas.getImageData(0, 0, 1, 1).data;
		return [d[0], d[1], d[2], d[3] / 255];
	};
	const luminance = c => {
		const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const contrast = (a, b) => {
		const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
		return (x + 0.05) / (y + 0.05);
	};
	// The colour behind an element's outline: the nearest that somebody has painted.
	const behind = e => {
		for (let p = e.parentElement; p; p = p.parentElement) {
			const c = rgba(getComputedStyle(p).backgroundColor);
			if (c[3] > 0.9) return c;
		}
		return matchMedia("(prefers-color-scheme: dark)").matches && getComputedStyle(document.documentElement).colorScheme.includes("dark") ? [18, 18, 18, 1] : [255, 255, 255, 1];
	};
	const look = e => {
		const s = getComputedStyle(e);
		return [s.color, s.backgroundColor, s.boxShadow, s.borderColor, s.textDecorationLine, s.textDecorationThickness].join("|");
	};
	const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, iframe, audio[controls], video[controls], [tabindex], [contenteditable]")]
		.filter(e => e.tabIndex >= 0 && !e.disabled && e.type !== "hidden" && !e.closest("[inert]"))
		// Of a group of radio buttons the keyboard reaches one; the arrows reach the others.
		.filter(e => e.type !== "radio" || e.checked || !document.querySelector(`input[type=radio][name="${e.name}"]:checked`) && e === document.querySelector(`input[type=radio][name="${e.name}"]`));
	const visible = stops.filter(shown), before = new Map(stops.map(e => [e, look(e)]));
	const reached = new Set();
	let last = null;

	// judge tells what is wrong with where the focus is now; null at the page's end.
	const judge = () => {
		const e = document.activeElement, wrong = [];
		if (!e || e === document.body || e === document.documentElement || reached.has(e)) return null;
		reached.add(e);
		if (last && !(last.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)) wrong.push("comes after " + name(last) + ", which stands behind it");
		last = e;
		const s = getComputedStyle(e), r = [...e.getClientRects()].find(r => r.width > 0 && r.height > 0) || e.getBoundingClientRect();
		const outlined = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1;
		if (!outlined && before.get(e) === look(e)) wrong.push("looks the same with and without the focus");
		if (outlined && s.outlineStyle !== "auto") {
			const ratio = contrast(rgba(s.outlineColor), behind(e));
			if (ratio < 3) wrong.push(`has an outline of ${s.outlineColor} with a contrast of ${ratio.toFixed(1)} to what is behind it`);
		}
		if (r.width < 1 || r.height < 1) wrong.push("has no size");
		const x = Math.min(Math.max(r.x + r.width / 2, 0), innerWidth - 1), y = Math.min(Math.max(r.y + Math.min(r.height / 2, innerHeight / 2), 0), innerHeight - 1);
		const on = document.elementFromPoint(x, y);
		if (r.right < 0 || r.left > innerWidth || r.bottom < 0 || r.top > innerHeight) wrong.push(`is outside of the window, at ${Math.round(r.x)},${Math.round(r.y)}`);
		else if (on && !e.contains(on) && !on.contains(e) && !(e.labels && [...e.labels].some(l => l.contains(on)))) wrong.push("is hidden behind " + name(on));
		return {name: name(e), wrong};
	};

	window.keyboard = {
		judge,
		count: visible.length,
		// What the keyboard did not reach. What shows itself only with the focus, such as a skip link, is reached all the same.
		missed: () => visible.filter(e => !reached.has(e)).map(name),
		// Orders that differ between the eye and the keyboard come from these.
		turned: () => [...new Set(visible.flatMap(e => {
			const out = [];
			for (let p = e; p && p !== document.body; p = p.parentElement) {
				const s = getComputedStyle(p), parent = p.parentElement && getComputedStyle(p.parentElement);
				if (p.tabIndex > 0) out.push("tabindex on " + name(p));
				if (parent && /flex|grid/.test(parent.display) && s.order !== "0") out.push("order: " + s.order + " on " + name(p));
				if (parent && /flex/.test(parent.display) && /reverse/.test(parent.flexDirection + parent.flexWrap)) out.push(parent.flexDirection + " on the parent of " + name(p));
			}
			return out;
		}))],
	};
	return visible.length;
})()
