// What is left on paper of what is there to be used: none of it can be.
(() => {
	const shown = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.getClientRects().length > 0;
	const name = e => e.outerHTML.slice(0, 120);
	return {
		left: [...document.querySelectorAll("nav, form, button, input:not([type=checkbox]), [role=navigation], [role=search], dialog, .skip")].filter(shown).map(name),
		title: [...document.querySelectorAll("h1")].some(shown),
		text: (document.querySelector(".prose") || document.querySelector("main")).innerText.length,
	};
})()
