// Facts of the page, once its pictures are there.
(async () => {
	const images = [...document.images];
	for (const i of images) i.loading = "eager";
	const broken = [];
	await Promise.all(images.map(i => i.complete || new Promise(done => { i.onload = i.onerror = done; })));
	for (const i of images) if (!i.naturalWidth) broken.push(i.currentSrc || i.src);
	return {
		title: document.title, language: document.documentElement.lang, headings: document.querySelectorAll("h1").length, mains: document.querySelectorAll("main").length,
		broken, mute: images.filter(i => !i.hasAttribute("alt")).map(i => i.src), sizeless: images.filter(i => !(i.getAttribute("width") && i.getAttribute("height"))).map(i => i.src),
		nameless: [...document.querySelectorAll("a[href], button")].filter(e => !e.textContent.trim() && !e.getAttribute("aria-label") && !e.querySelector("img[alt]:not([alt=''])")).map(e => e.outerHTML.slice(0, 120)),
		inline: [...document.querySelectorAll("style, [style], script:not([src]):not([type='application/ld+json'])")].map(e => e.outerHTML.slice(0, 120)),
		sheets: document.styleSheets.length, text: document.querySelector("main").innerText,
	};
})()
