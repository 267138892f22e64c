import { DATA_TYPE } from "../drivers/sparkplug/data-type.ts";
import type { WrittenMetric } from "../drivers/sparkplug/payload-writer.ts";
import { type SparkplugSection, valueMapping } from "../drivers/sparkplug/profile.ts";
import { qualityOf, REASON } from "../model/quality.ts";
import { isDiscrete, quantityRow } from "../model/quantity.ts";
import type { Instrument } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import { compileRaw, type RawValue } from "./raw-value.ts";

/** The states of a yes or no. */
const YES_OR_NO = 2;

interface PlayedMetric {
  readonly index: number;
  readonly name: string;
  readonly alias: number;
  readonly dataType: number;
  readonly discrete: boolean;
  readonly raw: RawValue;
}

/** What an instrument says as metrics, by its profile's names. */
export class SparkplugMetrics {
  /** Indices of its channels that are states. */
  readonly states: readonly number[];
  readonly #instrument: Instrument;
  readonly #metrics: readonly PlayedMetric[];

  /** `firstAlias`: its metrics have this alias and those that follow. Cells of datasets are not played. */
  constructor(instrument: Instrument, section: SparkplugSection, firstAlias: number) {
    this.#instrument = instrument;
    const { channels, address } = instrument.device;
    const folder = address.folder === undefined ? "" : `${address.folder}/`;
    this.#metrics = channels.flatMap(({ local, quantity, unit }, index) => {
      const written = section.channels[local];
      if (written === undefined || written.column !== undefined) return [];
      const states = quantityRow(quantity).states?.length ?? 0;
      const discrete = isDiscrete(quantity) || written.states !== undefined;
      const dataType =
        written.states !== undefined
          ? DATA_TYPE.string
          : !discrete
            ? DATA_TYPE.double
            : states === YES_OR_NO
              ? DATA_TYPE.boolean
              : DATA_TYPE.int32;
      const raw = compileRaw(valueMapping(written), unit);
      const name = `${folder}${written.metric}`;
      return [{ index, name, alias: firstAlias + index, dataType, discrete, raw }];
    });
    this.states = this.#metrics.flatMap(({ index, discrete }) => (discrete ? [index] : []));
  }

  /** As its birth has them. */
  born(moment: Moment): WrittenMetric[] {
    return this.#metrics.map((metric) => ({ ...this.#said(metric, moment), name: metric.name }));
  }

  /** As data has them, without their names. */
  said(moment: Moment): WrittenMetric[] {
    return this.#metrics.map((metric) => ({ ...this.#said(metric, moment), announced: true }));
  }

  #said({ index, alias, dataType, raw }: PlayedMetric, moment: Moment): WrittenMetric {
    const { value, code } = this.#instrument.says(index, moment);
    const bad = code?.reason !== undefined && qualityOf(REASON[code.reason]) !== 0;
    const coded = code?.raw ?? (bad ? raw.code(code.reason!) : undefined);
    if (bad && coded === undefined) return { alias, dataType, value: null, quality: 0 };
    const said = coded ?? raw.of(value);
    if (dataType === DATA_TYPE.string) return { alias, dataType, value: String(said) };
    const number = Number(said);
    if (dataType === DATA_TYPE.double) return { alias, dataType, value: number };
    if (Number.isNaN(number)) return { alias, dataType, value: null };
    return { alias, dataType, value: dataType === DATA_TYPE.boolean ? number !== 0 : number };
  }
}
