// Keeps an open page current; docs/live.md tells how. Pages are complete without it.

const say = document.body.dataset;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const find = (within, what) => within.querySelector(what);
const above = e => e.getBoundingClientRect().top;
const focus = e => e?.focus({preventScroll: true});
const scroll = by => scrollBy({top: by, behavior: "instant"});
const lists = "[data-live=posts]", posts = "main article[data-post]";
let list = find(document, lists), post = find(document, posts);
let known = post?.outerHTML;
const news = n => `${say.liveNew} (${n})`;
const gone = new Set(); // ids of posts that were withdrawn

function react(kind, data) {
	if (kind === "tags") return list && /^\/(tags|search)/.test(location.pathname) && look();
	if (kind === "post") {
		gone[data.event === "withdrawn" ? "add" : "delete"](data.id);
		if (post && post.dataset.post !== data.id) return;
		if (post && gone.has(data.id)) return withdraw();
	}
	look(kind === "post");
}

let timer, busy, again, twice, looked = 0, rush = 0, failed = 0;

const spread = /^\/search/.test(location.pathname) ? 3e4 : 300;

function look(retry) {
	twice ||= retry;
	again = true;
	if (timer || busy) return;
	// where much happens: less and less often
	rush = Date.now() - looked < 9000 ? Math.min(8000, rush * 2 + 50) : 0;
	timer = setTimeout(compare, Math.max(0, looked + rush - Date.now()) + Math.random() * spread);
}

async function compare() {
	timer = again = false;
	if (gone.has(post?.dataset.post)) return;
	busy = true;
	try {
		const answer = await fetch(location.pathname + location.search, {cache: "no-cache"});
		if (answer.status >= 500) throw answer;
		failed = 0;
		const page = new DOMParser().parseFromString(await answer.text(), "text/html");
		const changed = post ? comparePost(page, answer) : answer.ok && compareList(page, answer);
		// another replica may hear of it later
		if (twice && !changed) setTimeout(look, 2000);
		twice = false;
	} catch {
		setTimeout(look, Math.min(6e4, 2000 * 2 ** failed++));
	}
	looked = Date.now();
	busy = false;
	if (again) look();
}

const cards = of => new Map([...of.children].map(li => [li.dataset.post, li]));
let held; // waits until the reader is at the top

function compareList(page, answer) {
	const now = find(page, lists);
	if (!now || !list) return;
	// a tag that is called otherwise now has another address
	if (answer.redirected) history.replaceState(history.state, "", answer.url);
	if (!list.children.length && now.children.length) {
		const whole = list.parentElement;
		whole.replaceChildren(...now.parentElement.childNodes);
		list = find(whole, lists);
		tell(news(list.children.length));
		return true;
	}
	let changed = false;
	const before = cards(list), after = cards(now);
	steady(() => {
		const about = "[data-live=about]", old = find(document, about), next = find(page, about);
		if (old && next && old.outerHTML !== next.outerHTML) {
			swap(old, next);
			document.title = page.title;
			changed = true;
		}
		for (const [id, li] of before) {
			const next = after.get(id);
			if (next && next.outerHTML !== li.outerHTML) {
				swap(li, next.cloneNode(true));
				changed = true;
			} else if (!next && gone.has(id) && !li.classList.contains("live-gone")) {
				li.classList.add("live-gone");
				const note = li.appendChild(document.createElement("p"));
				note.className = "live-note";
				note.textContent = say.liveGone;
				changed = true;
			}
		}
	});
	// later pages would only move
	if (find(document, "link[rel=prev]")) return changed;
	const ids = [...after.keys()], seen = ids.findLastIndex(id => before.has(id));
	held = ids.join() !== [...before.keys()].filter(id => after.has(id) || !gone.has(id)).join() && now;
	if (!held) return changed;
	const fresh = ids.filter((id, i) => !before.has(id) && (i < seen || seen < 0)).length;
	if (!fresh) steady(bring);
	else if (atTop()) {
		bring();
		tell(news(fresh));
	} else offer(news(fresh), () => bring(true));
	return true;
}

const atTop = () => above(list) > -40;

// bring takes the waiting list over; what stays slides to its new place.
function bring(go) {
	if (!held) return;
	const now = held, before = cards(list), tops = new Map([...list.children].map(li => [li, above(li)]));
	const active = list.contains(document.activeElement) ? document.activeElement : null;
	held = null;
	const fresh = [];
	let at = list.firstElementChild;
	for (const li of [...now.children]) {
		while (gone.has(at?.dataset.post)) at = at.nextElementSibling;
		const mine = before.get(li.dataset.post);
		before.delete(li.dataset.post);
		if (mine && mine === at) {
			at = at.nextElementSibling;
			continue;
		}
		list.insertBefore(mine || fresh[fresh.push(li) - 1], at);
	}
	// what was withdrawn stays, marked; others are on the next page now
	for (const [id, li] of before) if (!gone.has(id) && !li.contains(active)) li.remove();
	const pager = find(list.parentElement, ".pager"), next = find(now.parentElement || now, ".pager");
	if (pager && next && !pager.contains(active)) pager.replaceWith(next);
	if (active) focus(active);
	if (go) {
		list.scrollIntoView({block: "start", behavior: calm.matches ? "auto" : "smooth"});
		focus(find(fresh[0] || list, "a"));
	}
	if (calm.matches) return;
	const move = {duration: 350, easing: "ease-out"};
	for (const li of list.children) {
		const way = tops.get(li) - above(li);
		if (way) li.animate([{transform: `translateY(${way}px)`}, {transform: "none"}], move);
		else if (way !== 0) li.animate([{opacity: 0, transform: "translateY(-2rem)"}, {opacity: 1, transform: "none"}], move);
	}
}

function comparePost(page, answer) {
	const now = find(page, posts);
	if ([404, 410].includes(answer.status)) return withdraw();
	if (!now) return;
	post.classList.remove("live-gone");
	if (now.outerHTML === known) return tell("");
	offer(say.liveEdited, () => show(page, answer.url), say.liveShow);
	return true;
}

// show puts the new version in place; the heading that the reader was at stays where it is.
function show(page, address) {
	const main = find(document, "main");
	const heading = [...main.querySelectorAll("h1, [id]")].findLast(e => above(e) < 80);
	const where = heading && above(heading), top = scrollY;
	main.replaceChildren(...find(page, "main").childNodes);
	post = find(document, posts);
	known = post?.outerHTML;
	document.title = page.title;
	history.replaceState(history.state, "", new URL(address).pathname + location.search + location.hash);
	const same = heading && (heading.id ? document.getElementById(heading.id) : find(main, "h1"));
	scroll(same ? above(same) - where : top - scrollY);
	main.tabIndex = -1;
	focus(main);
}

function withdraw() {
	post.classList.add("live-gone");
	tell(say.liveGone, true);
	return true;
}

// steady keeps what is at the top of the window there while fn changes the page.
function steady(fn) {
	const root = document.documentElement.style, held = [...list.children].find(e => e.getBoundingClientRect().bottom > 0);
	const top = held && above(held), id = held?.dataset.post, scrolled = !atTop();
	root.overflowAnchor = "none";
	fn();
	const now = cards(list).get(id);
	if (now && scrolled) scroll(above(now) - top);
	requestAnimationFrame(() => root.overflowAnchor = "");
}

// swap replaces an element; a focus in it goes to the same link.
function swap(old, now) {
	const at = old.contains(document.activeElement) && [...old.querySelectorAll("a")].indexOf(document.activeElement);
	old.replaceWith(now);
	if (at !== false) focus(now.querySelectorAll("a")[at] || find(now, "a"));
}

const status = document.createElement("div");
status.className = "live";
status.setAttribute("role", "status");
document.body.append(status);

// tell says text to those who hear the page; it is shown to all if it is lasting.
function tell(text, lasting) {
	status.replaceChildren(text);
	status.classList.toggle("shown", !!lasting);
}

function offer(text, fn, label) {
	const button = document.createElement("button");
	button.type = "button";
	button.textContent = label || text;
	button.onclick = () => {
		const had = document.activeElement === button;
		tell("");
		fn();
		if (had && document.activeElement === document.body) focus(find(document, "main"));
	};
	if (document.activeElement?.parentElement === status) setTimeout(focus, 0, button);
	status.replaceChildren(label ? text + " " : "", button);
	status.classList.add("shown");
}

addEventListener("scroll", () => {
	if (held && list && atTop()) {
		tell("");
		bring();
	}
}, {passive: true});

// A link of the strip turns it and not the page; the focus goes along.
addEventListener("click", e => {
	const link = e.target.closest("[data-live=strip] a[href^='#']"), slide = link && find(document, link.hash);
	if (!slide || e.ctrlKey || e.metaKey || e.shiftKey) return;
	e.preventDefault();
	const strip = slide.parentElement, left = e => e.getBoundingClientRect().left;
	strip.scrollBy({left: left(slide) - left(strip), behavior: calm.matches ? "auto" : "smooth"});
	focus([...slide.querySelectorAll("a[href^='#']")].at(link.nextElementSibling ? 0 : -1));
});

// Search boxes have a script of their own, for who wants to type there.
addEventListener("focusin", e => {
	const script = e.target.form?.dataset.script;
	if (script) import(script).catch(() => {});
});

const name = "parution-live", asked = performance.timeOrigin;
let source, channel, waiting, release, retry, last = "", synced, failures = 0;

function open() {
	close();
	const age = Math.max(0, Math.ceil((Date.now() - asked) / 1000));
	const since = synced && last ? "?after=" + last : age <= 3600 ? "?age=" + age : "";
	if (!since) look();
	source = new EventSource("/events" + since);
	source.onopen = () => {
		failures = 0;
		synced = true;
	};
	// the browser tries once by itself
	source.onerror = () => {
		if (source.readyState !== 2 && !failures++) return;
		source.close();
		clearTimeout(retry);
		retry = setTimeout(open, Math.min(6e4, 1000 * 2 ** failures++) * (.5 + Math.random()));
	};
	for (const kind of ["post", "tags", "reset"]) source.addEventListener(kind, e => {
		const heard = {kind, data: JSON.parse(e.data), id: e.lastEventId};
		channel?.postMessage(heard);
		hear(heard);
	});
}

function close() {
	clearTimeout(retry);
	source?.close();
	source = null;
}

function hear({kind, data, id}) {
	last = id;
	react(kind, data);
}

// lead waits until no other tab listens; or takes over from the one that does.
function lead(steal) {
	if (!navigator.locks) return document.hidden || open();
	waiting?.abort();
	const mine = waiting = new AbortController();
	navigator.locks.request(name, steal ? {steal} : {signal: mine.signal}, () => {
		if (mine !== waiting) return;
		open();
		return new Promise(done => release = done);
	}).catch(() => {
		if (mine !== waiting) return;
		close();
		lead();
	});
}

function begin() {
	channel = new BroadcastChannel(name);
	channel.onmessage = e => hear(e.data);
	lead(!document.hidden);
}

function end() {
	waiting?.abort();
	waiting = null;
	release?.();
	close();
	channel?.close();
	channel = null;
}

function wake() {
	if (document.hidden || !channel) return;
	if (!source) lead(true);
	else if (source.readyState === 2) open();
	if (timer) {
		clearTimeout(timer);
		compare();
	}
}

if (list || post) {
	begin();
	if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") look();
	addEventListener("pagehide", end);
	addEventListener("pageshow", e => {
		if (!e.persisted) return;
		begin();
		look();
	});
	addEventListener("online", wake);
	document.addEventListener("visibilitychange", () => {
		if (!document.hidden) wake();
		else if (!navigator.locks) close(); // six tabs would leave no connection
	});
}
