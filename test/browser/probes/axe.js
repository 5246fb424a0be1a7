// What axe-core has against the page, by its own and the WCAG's rules.
(async () => {
	const found = await axe.run(document, {preload: false, resultTypes: ["violations"]});
	return found.violations.map(v => `${v.id} (${v.impact}): ${v.help}: ` +
		v.nodes.slice(0, 4).map(n => n.target.join(" ") + " " + n.html.slice(0, 120) + " " + (n.any[0] || n.all[0] || n.none[0] || {message: ""}).message).join(" | ") +
		(v.nodes.length > 4 ? ` and ${v.nodes.length - 4} more` : ""));
})()
