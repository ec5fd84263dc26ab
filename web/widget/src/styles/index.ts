/**
 * How the chat looks. A shop sets the `--cartwright-*` properties on the element or any ancestor;
 * docs/widget.md lists them.
 */

import { cards } from "./cards";
import { frame } from "./frame";
import { media } from "./media";
import { talk } from "./talk";

export const styles = [frame, talk, cards, media];
