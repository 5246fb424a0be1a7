// Search boxes: completes what is typed, and on the search page finds it meanwhile;
// docs/themes.md tells how. The forms work without it.

const region = document.querySelector("[data-search=found]");
const find = (within, what) => within.querySelector(what);

// debounced calls fn when nobody has typed for a moment; words that are being composed wait.
function debounced(input, wait, fn) {
	let timer;
	const later = e => {
		clearTimeout(timer);
		if (!e.isComposing) timer = setTimeout(fn, wait);
	};
	input.addEventListener("input", later);
	input.addEventListener("compositionend", later);
	const stop = () => clearTimeout(timer);
	input.form.addEventListener("submit", stop);
	addEventListener("pagehide", stop);
	// typed before the script was there
	if (input.value !== input.defaultValue) later({});
	return stop;
}

// question is what a form asks for, as the address that it leads to.
function question(form) {
	const q = new URLSearchParams();
	for (const [name, value] of new FormData(form)) if (value.trim()) q.append(name, value.trim());
	return form.action + (q.size ? "?" + q : "");
}

// refine shows what is found while it is typed. Focus and caret stay in the field.
function refine(form, input) {
	const heard = form.appendChild(document.createElement("p"));
	heard.className = "hidden";
	heard.setAttribute("role", "status");
	// what is typed before the script is there is not shown yet
	let shown = input.value === input.defaultValue && question(form), request, saying;

	debounced(input, 200, async () => {
		const address = question(form);
		request?.abort();
		if (address === shown) return;
		const mine = request = new AbortController();
		region.setAttribute("aria-busy", true);
		try {
			// what cannot be read so far is no error: then the page is answered with 200
			const answer = await fetch(address, {signal: mine.signal, headers: {"Parution-Typing": 1}});
			const page = new DOMParser().parseFromString(await answer.text(), "text/html");
			// who is about to close a quotation mark need not hear that it is open
			if (!answer.ok || answer.headers.has("Parution-Status")) await new Promise(done => setTimeout(done, 1500));
			if (mine.signal.aborted || answer.status >= 500) return;
			// nothing moves that is being read
			if (!region.contains(document.activeElement)) show(page, answer.redirected ? answer.url : address);
		} catch {
			// asked again by then, or the server is away: the form is there
		} finally {
			if (mine === request) region.removeAttribute("aria-busy");
		}
	});
	addEventListener("pagehide", () => request?.abort());
	form.addEventListener("submit", () => request?.abort());

	function show(page, address) {
		const now = find(page, "[data-search=found]");
		if (!now) return;
		const top = () => input.getBoundingClientRect().top, before = top();
		// live.js knows the list: it stays, with other posts
		const list = find(region, "[data-live=posts]"), next = find(now, "[data-live=posts]");
		if (list && next) {
			list.replaceChildren(...next.childNodes);
			next.replaceWith(list);
		}
		region.className = now.className; // where what is found stands beside what narrows it
		region.replaceChildren(...now.childNodes);
		const related = "link:is([rel=alternate], [rel=prev], [rel=next])";
		for (const link of document.querySelectorAll(related)) link.remove();
		document.head.append(...page.querySelectorAll(related));
		const field = find(page, "#" + input.id);
		for (const name of ["aria-invalid", "aria-describedby"]) {
			if (field?.hasAttribute(name)) input.setAttribute(name, field.getAttribute(name));
			else input.removeAttribute(name);
		}
		document.title = page.title;
		history.replaceState(history.state, "", address);
		shown = question(form);
		scrollBy({top: top() - before, behavior: "instant"});
		clearTimeout(saying);
		saying = setTimeout(() => heard.textContent = find(region, "[data-search=said]")?.textContent.trim() ?? "", 800);
	}
}

// complete makes a combobox of the field, as the ARIA Authoring Practices have it
// (list autocomplete, chosen by hand).
function complete(form, input) {
	const list = document.createElement("ul");
	list.className = "completions";
	list.id = input.id + "-completions";
	list.hidden = true;
	list.setAttribute("role", "listbox");
	list.setAttribute("aria-label", form.dataset.completions);
	input.parentElement.append(list);
	for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", false], ["aria-controls", list.id]]) input.setAttribute(name, value);
	let active = -1, request, asked = "";

	const options = () => [...list.children];

	function open(wanted) {
		list.hidden = !wanted || !list.children.length;
		input.setAttribute("aria-expanded", !list.hidden);
		mark(-1);
	}

	function mark(n) {
		active = n;
		options().forEach((o, i) => o.setAttribute("aria-selected", i === n));
		const at = options()[n];
		if (at) input.setAttribute("aria-activedescendant", at.id);
		else input.removeAttribute("aria-activedescendant");
		at?.scrollIntoView({block: "nearest"});
	}

	function choose(option) {
		open(false);
		input.value = option.dataset.text;
		const to = option.dataset.address && new URL(option.dataset.address, location);
		if (to && to.origin === location.origin) location.assign(to);
		else form.requestSubmit();
	}

	function fill([, texts, hints = [], addresses = []]) {
		list.replaceChildren(...texts.map((text, i) => {
			const option = document.createElement("li"), hint = document.createElement("span");
			option.id = list.id + "-" + i;
			option.setAttribute("role", "option");
			option.dataset.text = text;
			if (addresses[i]) option.dataset.address = addresses[i];
			hint.textContent = hints[i] || "";
			option.append(text, " ", hint);
			return option;
		}));
		open(document.activeElement === input);
	}

	const stop = debounced(input, 120, async () => {
		const text = input.value.trim();
		request?.abort();
		if (text === asked && list.children.length) return open(true);
		if (text.length < 2) {
			list.replaceChildren();
			return open(asked = "");
		}
		const mine = request = new AbortController();
		try {
			const answer = await fetch(form.dataset.complete + "?" + new URLSearchParams({q: text}), {signal: mine.signal});
			const found = answer.ok ? await answer.json() : ["", []];
			asked = text;
			fill(found);
		} catch {
			if (!mine.signal.aborted) open(false); // the server is away: the form is there
		}
	});

	function close() {
		stop();
		request?.abort();
		open(false);
	}

	input.addEventListener("keydown", e => {
		if (e.isComposing || e.ctrlKey || e.metaKey) return;
		const last = list.children.length - 1;
		if (e.key === "Escape" && !list.hidden) {
			e.preventDefault(); // the text stays
			close();
		} else if (e.key === "Enter" && active >= 0) {
			e.preventDefault();
			choose(options()[active]);
		} else if ((e.key === "ArrowDown" || e.key === "ArrowUp") && last >= 0) {
			e.preventDefault();
			if (list.hidden) open(true);
			if (e.altKey) return;
			// past either end lies the field itself
			const way = e.key === "ArrowDown" ? 1 : -1;
			mark((active + way + 1 + last + 2) % (last + 2) - 1);
		} else if (e.key === "Tab") close();
	});
	input.addEventListener("blur", close);
	form.addEventListener("submit", close);
	list.addEventListener("pointerdown", e => e.preventDefault()); // the focus stays
	list.addEventListener("click", e => {
		const option = e.target.closest("[role=option]");
		if (option) choose(option);
	});
}

for (const form of document.querySelectorAll("form.search")) {
	const input = form.elements.q;
	if (region) refine(form, input);
	else if (form.dataset.complete) complete(form, input);
}
