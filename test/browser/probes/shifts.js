// Scrolls to the end, waits for all pictures, and answers what has moved that the
// reader did not move. A shift below a thousandth is a few pixels in what is painted
// while the rest of the page still arrives: nobody sees it.
(async () => {
	const frame = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
	for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
		scrollTo({top: y, behavior: "instant"});
		await frame();
	}
	for (const i of document.images) i.loading = "eager"; // those that no scrolling down brings into sight
	await Promise.all([...document.images].map(i => i.complete || new Promise(done => { i.onload = i.onerror = done; })));
	scrollTo({top: 0, behavior: "instant"});
	await document.fonts.ready;
	await frame();
	const entries = await new Promise(done => {
		const seen = [], watch = new PerformanceObserver(list => seen.push(...list.getEntries()));
		watch.observe({type: "layout-shift", buffered: true});
		requestAnimationFrame(() => setTimeout(() => { seen.push(...watch.takeRecords()); watch.disconnect(); done(seen); }));
	});
	return entries.filter(e => !e.hadRecentInput && e.value >= 0.001).map(e => e.value.toFixed(4) + " by " +
		e.sources.map(s => (s.node ? (s.node.outerHTML || s.node.textContent).slice(0, 120) : "?") +
			` from ${[s.previousRect.x, s.previousRect.y, s.previousRect.width, s.previousRect.height].map(Math.round)} to ${[s.currentRect.x, s.currentRect.y, s.currentRect.width, s.currentRect.height].map(Math.round)}`).join(", "));
})()
