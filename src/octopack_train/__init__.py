"""The training recipes of OctoPack: OctoCoder, OctoGeeX, SantaCoder, SantaCoderPack, StarCoderBase."""
