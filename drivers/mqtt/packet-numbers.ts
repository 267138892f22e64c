import { writeToStream } from "mqtt-packet";

/*
 * With its first packet the libraries' writer makes a Buffer for each of the 65,536 numbers that a packet can carry: 7 MB that
 * stay for good. Making each as it is needed costs nothing that can be measured. Imported for this effect.
 */
writeToStream.cacheNumbers = false;
