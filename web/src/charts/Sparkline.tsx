// A line without axes; gaps where there is no value.
const WIDTH = 120;
const HEIGHT = 28;

export function sparkPath(values: readonly (number | null)[], width = WIDTH, height = HEIGHT): string {
	const known = values.filter((value) => value !== null);
	const high = Math.max(...known, 0.000001);
	const step = width / Math.max(1, values.length - 1);
	let path = "";
	let pen = false;
	values.forEach((value, index) => {
		if (value === null) {
			pen = false;
			return;
		}
		path += `${pen ? "L" : "M"}${(index * step).toFixed(1)} ${(height - 2 - (value / high) * (height - 4)).toFixed(1)}`;
		pen = true;
	});
	return path;
}

export function Sparkline({ values, label }: { values: readonly (number | null)[]; label: string }) {
	return (
		<svg
			viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
			width={WIDTH}
			height={HEIGHT}
			role="img"
			aria-label={label}
			className="block max-w-full"
		>
			<title>{label}</title>
			<path d={sparkPath(values)} fill="none" className="stroke-accent" strokeWidth="1.5" strokeLinejoin="round" />
		</svg>
	);
}
