// Durations over time, by uPlot; loaded when a job is looked at.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { seriesQuery } from "../../api/queries.ts";
import type { Job } from "../../api/types.ts";
import { TimeSeries } from "../../charts/TimeSeries.tsx";
import { useSettings } from "../../lib/settings.ts";
import { zoneFor } from "../../lib/time.ts";

const HOUR_MS = 3_600_000;

export default function OverTime({ job, hours }: { job: Job; hours: number }) {
	const step = hours <= 24 ? (hours <= 2 ? "minute" : "hour") : hours <= 168 ? "hour" : "day";
	// biome-ignore lint/correctness/useExhaustiveDependencies: moves on when another stretch is chosen
	const start = useMemo(() => {
		const grid = step === "minute" ? 60_000 : HOUR_MS;
		return new Date(Math.floor((Date.now() - hours * HOUR_MS) / grid) * grid).toISOString();
	}, [hours, step, job.jobId]);
	const p50 = useQuery(seriesQuery("durationP50", job.jobId, start, step));
	const p95 = useQuery(seriesQuery("durationP95", job.jobId, start, step));
	const zone = zoneFor(useSettings().zone, job.timezone);
	const points = p50.data?.points;
	if (!points?.length || !p95.data) return null;
	return (
		<>
			<h3 className="mt-4 mb-1 font-medium text-ink-soft">Duration over time</h3>
			<TimeSeries
				label="Median and 95th percentile of the duration over time"
				zone={zone}
				times={points.map((point) => Date.parse(point.t) / 1_000)}
				lines={[
					{ name: "p50", values: points.map((point) => point.value), token: "--accent" },
					{ name: "p95", values: points.map((_, index) => p95.data.points[index]?.value ?? null), token: "--odd-fill" },
				]}
			/>
		</>
	);
}
