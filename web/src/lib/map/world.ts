// The world as shapes: read once when a map is first shown, projected onto a plane that keeps areas true.
import { geoEqualEarth, geoGraticule10, geoPath, type GeoPermissibleObjects } from 'd3-geo';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import atlasUrl from 'world-atlas/countries-110m.json?url';
import { countryOfShape } from './country-codes.ts';

type Atlas = Topology<{ countries: GeometryCollection<{ name: string }> }>;

export interface CountryShape {
  /** Two letters; undefined where no address is ever placed. */
  country: string | undefined;
  name: string;
  /** An SVG path. */
  path: string;
}

export interface World {
  width: number;
  height: number;
  countries: CountryShape[];
  graticule: string;
  /** Where a place is drawn; undefined for one outside of what is shown. */
  pointOf(longitude: number, latitude: number): [x: number, y: number] | undefined;
}

const width = 960;
/** Antarctica has no addresses and would take a fifth of the height. */
const shown: GeoPermissibleObjects = {
  type: 'MultiPoint',
  coordinates: [
    [-169, 30],
    [179, 30],
    [0, 80],
    [0, -56],
  ],
};

export function drawWorld(atlas: Atlas): World {
  const projection = geoEqualEarth().rotate([-10, 0]).fitWidth(width, shown);
  const path = geoPath(projection).digits(1);
  const [[, top], [, bottom]] = path.bounds(shown);
  const [left, right] = projection.translate();
  projection.translate([left, right - top]);
  const height = Math.ceil(bottom - top);
  projection.clipExtent([
    [0, 0],
    [width, height],
  ]);
  const { features } = feature(atlas, atlas.objects.countries);
  return {
    width,
    height,
    countries: features
      .filter(({ id }) => id !== '010')
      .map((shape) => ({
        country: countryOfShape(shape.id as string | undefined, shape.properties.name),
        name: shape.properties.name,
        path: path(shape) ?? '',
      })),
    graticule: path(geoGraticule10()) ?? '',
    pointOf(longitude, latitude) {
      const point = projection([longitude, latitude]);
      return point && point[1] >= 0 && point[1] <= height ? point : undefined;
    },
  };
}

let reading: Promise<World> | undefined;

/** A failure is not kept: the next call tries again. */
export function readWorld(): Promise<World> {
  reading ??= fetch(atlasUrl)
    .then((answer) => {
      if (!answer.ok) throw new Error(`The collector answered ${answer.status} for the shapes of the map.`);
      return answer.json() as Promise<Atlas>;
    })
    .then(drawWorld);
  reading.catch(() => (reading = undefined));
  return reading;
}
