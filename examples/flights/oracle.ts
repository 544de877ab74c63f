// What Silver and Gold must hold, straight from the source files in DuckDB SQL. It shares no step with the
// stream: time zones are DuckDB's own (ICU), and no event is ever made. So it can convict the pipeline.
import type { FlightSources } from './sources.ts';

const minutesOf = (hhmm: string): string => `to_minutes(${hhmm} // 100 * 60 + ${hhmm} % 100)`;

/**
 * Silver `flights`: one row a flight, keyed by flight_id.
 * Times are TIMESTAMP in UTC, whole numbers INTEGER, weather DOUBLE.
 */
export function expectedFlightsSql(sources: FlightSources): string {
  return `
WITH source AS (
  SELECT year::INTEGER AS year, month::INTEGER AS month, day::INTEGER AS day,
         dep_time::INTEGER AS dep_time, dep_delay::INTEGER AS dep_delay,
         sched_arr_time::INTEGER AS sched_arr_time, arr_delay::INTEGER AS arr_delay,
         carrier, flight::INTEGER AS flight, tailnum, origin, dest,
         air_time::INTEGER AS air_time, distance::INTEGER AS distance,
         time_hour::TIMESTAMPTZ AS hour, time_hour::TIMESTAMPTZ + to_minutes(minute::INTEGER) AS departs
  FROM ${csv(sources.flights)}
), airport AS (
  SELECT faa, name, tzone FROM ${csv(sources.airports)}
), on_clock AS (
  SELECT source.*, airport.name AS dest_name,
         -- BQN, PSE, SJU and STT are not listed
         coalesce(airport.tzone, 'America/Puerto_Rico') AS zone,
         date_trunc('day', departs AT TIME ZONE zone) + ${minutesOf('sched_arr_time')} AS arrival_clock
  FROM source LEFT JOIN airport ON airport.faa = source.dest
), dated AS (
  SELECT *,
         CASE WHEN arrival_clock AT TIME ZONE zone > departs THEN arrival_clock AT TIME ZONE zone
              ELSE (arrival_clock + INTERVAL 1 DAY) AT TIME ZONE zone END AS arrives
  FROM on_clock
), weather AS (
  SELECT origin, time_hour::TIMESTAMPTZ AS hour, temp::DOUBLE AS temp,
         round(wind_speed::DOUBLE, 5) AS wind_speed, precip::DOUBLE AS precip, visib::DOUBLE AS visib
  FROM ${csv(sources.weather)}
)
SELECT strftime(make_date(dated.year, dated.month, dated.day), '%Y-%m-%d')
         || '/' || dated.carrier || '/' || dated.flight || '/' || dated.origin AS flight_id,
       dated.carrier, airline.name AS airline, dated.flight, dated.tailnum,
       plane.manufacturer, plane.model, plane.seats::INTEGER AS seats,
       dated.origin, dated.dest, dated.dest_name,
       departs AT TIME ZONE 'UTC' AS scheduled_departure,
       arrives AT TIME ZONE 'UTC' AS scheduled_arrival,
       dated.distance,
       (departs + to_minutes(dep_delay)) AT TIME ZONE 'UTC' AS actual_departure,
       dep_delay AS departure_delay,
       (arrives + to_minutes(arr_delay)) AT TIME ZONE 'UTC' AS actual_arrival,
       arr_delay AS arrival_delay,
       air_time AS air_time_minutes,
       CASE WHEN dep_time IS NULL THEN 'cancelled'
            WHEN arr_delay IS NULL THEN 'diverted'
            ELSE 'arrived' END AS status,
       weather.temp, weather.wind_speed, weather.precip, weather.visib
FROM dated
LEFT JOIN ${csv(sources.airlines)} AS airline ON airline.carrier = dated.carrier
LEFT JOIN ${csv(sources.planes)} AS plane ON plane.tailnum = dated.tailnum
LEFT JOIN weather ON weather.origin = dated.origin AND weather.hour = dated.hour`;
}

/** Gold `carrier_hour`: one row a carrier and hour of scheduled departure (UTC). */
export function expectedCarrierHourSql(sources: FlightSources): string {
  return `
SELECT carrier, airline, date_trunc('hour', scheduled_departure) AS hour,
       count(*) AS flights,
       count(actual_departure) AS departures,
       count(*) FILTER (status = 'cancelled') AS cancellations,
       avg(departure_delay) AS mean_departure_delay,
       max(departure_delay) AS worst_departure_delay,
       CASE WHEN count(actual_departure) > 0
            THEN (count(*) FILTER (departure_delay > 15))::DOUBLE / count(actual_departure) END AS share_late
FROM (${expectedFlightsSql(sources)})
GROUP BY ALL`;
}

/** Gold `route_day`: one row a route and UTC date of scheduled departure. */
export function expectedRouteDaySql(sources: FlightSources): string {
  return `
SELECT origin, dest, scheduled_departure::DATE AS day,
       count(*) AS flights,
       count(actual_departure) AS departures,
       count(*) FILTER (status = 'cancelled') AS cancellations,
       avg(arrival_delay) AS mean_arrival_delay,
       max(arrival_delay) AS worst_arrival_delay,
       CASE WHEN count(actual_arrival) > 0
            THEN (count(*) FILTER (arrival_delay > 15))::DOUBLE / count(actual_arrival) END AS share_late
FROM (${expectedFlightsSql(sources)})
GROUP BY ALL`;
}

function csv(path: string): string {
  const text = `'${path.replaceAll("'", "''")}'`;
  return `read_csv(${text}, header = true, all_varchar = true, nullstr = ['NA', ''])`;
}
