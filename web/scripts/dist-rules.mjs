// Rules that a built dashboard keeps. Pure, for the tests.

/** Files that the browser needs before the first screen: those index.html names, and what their scripts import statically. */
export function firstLoad(html, read) {
	const seen = new Set();
	const visit = (path) => {
		if (seen.has(path)) return;
		seen.add(path);
		if (!path.endsWith(".js")) return;
		for (const [, name] of read(path).matchAll(/(?:^|[;}\s])(?:import|export)[^"'()]*?["']\.\/([^"']+\.js)["']/g))
			visit(`assets/${name}`);
	};
	for (const [, path] of html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) visit(path);
	return [...seen];
}

/** What a strict Content-Security-Policy would refuse, in sentences. */
export function rulesBroken(html) {
	const broken = [];
	if (/<script(?![^>]*\bsrc=)[^>]*>/i.test(html)) broken.push("index.html has an inline script");
	if (/<style[\s>]/i.test(html)) broken.push("index.html has an inline style sheet");
	if (/\sstyle="/i.test(html)) broken.push("index.html has a style attribute");
	if (/\son[a-z]+="/i.test(html)) broken.push("index.html has an inline event handler");
	if (/(?:src|href)="(?:https?:)?\/\//i.test(html)) broken.push("index.html loads from another host");
	return broken;
}
