// Generated from contracts/AnchorRegistry.sol by "npm run generate". Do not edit.

export const anchorRegistryAbi = [
  {
    "inputs": [],
    "stateMutability": "nonpayable",
    "type": "constructor"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      }
    ],
    "name": "AlreadyOpened",
    "type": "error"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "name": "headSize",
        "type": "uint64"
      },
      {
        "name": "headRoot",
        "type": "bytes32"
      },
      {
        "name": "size",
        "type": "uint64"
      },
      {
        "name": "root",
        "type": "bytes32"
      }
    ],
    "name": "Inconsistent",
    "type": "error"
  },
  {
    "inputs": [
      {
        "name": "origin",
        "type": "string"
      }
    ],
    "name": "InvalidOrigin",
    "type": "error"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "name": "headSize",
        "type": "uint64"
      },
      {
        "name": "size",
        "type": "uint64"
      }
    ],
    "name": "InvalidSize",
    "type": "error"
  },
  {
    "inputs": [],
    "name": "NoSha256",
    "type": "error"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "name": "caller",
        "type": "address"
      },
      {
        "name": "anchorer",
        "type": "address"
      }
    ],
    "name": "NotAnchorer",
    "type": "error"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "name": "caller",
        "type": "address"
      },
      {
        "name": "owner",
        "type": "address"
      }
    ],
    "name": "NotOwner",
    "type": "error"
  },
  {
    "inputs": [],
    "name": "ZeroAnchorer",
    "type": "error"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "indexed": false,
        "name": "epoch",
        "type": "uint32"
      },
      {
        "indexed": false,
        "name": "fromSize",
        "type": "uint64"
      },
      {
        "indexed": false,
        "name": "size",
        "type": "uint64"
      },
      {
        "indexed": false,
        "name": "root",
        "type": "bytes32"
      }
    ],
    "name": "Anchored",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "indexed": false,
        "name": "previous",
        "type": "address"
      },
      {
        "indexed": false,
        "name": "current",
        "type": "address"
      }
    ],
    "name": "AnchorerChanged",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "indexed": true,
        "name": "opener",
        "type": "address"
      },
      {
        "indexed": false,
        "name": "origin",
        "type": "string"
      }
    ],
    "name": "Opened",
    "type": "event"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "name": "size",
        "type": "uint64"
      },
      {
        "name": "root",
        "type": "bytes32"
      },
      {
        "name": "consistency",
        "type": "bytes32[]"
      }
    ],
    "name": "anchor",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      }
    ],
    "name": "head",
    "outputs": [
      {
        "name": "epoch",
        "type": "uint32"
      },
      {
        "name": "size",
        "type": "uint64"
      },
      {
        "name": "root",
        "type": "bytes32"
      },
      {
        "name": "time",
        "type": "uint64"
      },
      {
        "name": "anchorer",
        "type": "address"
      },
      {
        "name": "owner",
        "type": "address"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "origin",
        "type": "string"
      },
      {
        "name": "anchorer",
        "type": "address"
      }
    ],
    "name": "open",
    "outputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      }
    ],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "name": "anchorer",
        "type": "address"
      }
    ],
    "name": "setAnchorer",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "name": "ledgerId",
        "type": "bytes32"
      },
      {
        "name": "index",
        "type": "uint64"
      },
      {
        "name": "entry",
        "type": "bytes32"
      },
      {
        "name": "path",
        "type": "bytes32[]"
      }
    ],
    "name": "verifyInclusion",
    "outputs": [
      {
        "name": "included",
        "type": "bool"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  }
] as const;

/** Creation code. */
export const anchorRegistryBytecode = "0x60806040523460655760205f808060025afa15605a577fe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555f5103604b57604051610c4e908161006a8239f35b6381d117a560e01b5f5260045ffd5b6040513d5f823e3d90fd5b5f80fdfe60806040526004361015610011575f80fd5b5f3560e01c806317dfdf73146106425780631a66d125146105aa578063bcb7a48914610452578063eed96158146100f15763f339e3b214610050575f80fd5b346100ed5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126100ed576004355f525f60205260c060405f20600181015473ffffffffffffffffffffffffffffffffffffffff80600284549401541691604051938160e81c855264ffffffffff8260a01c166020860152604085015263ffffffff8160c81c16606085015216608083015260a0820152f35b5f80fd5b346100ed576100ff366108da565b90845f525f60205260405f2093600185019081549573ffffffffffffffffffffffffffffffffffffffff8716938760a01c9564ffffffffff87169580330361041f575067ffffffffffffffff841696868811801590610411575b6103dd5783549287610268575050155b1561021f5750918593916080967f3571e14c056368add94b089f47bf962e1255706a6cc858d8e739ff5ff3a26fc99896945578ffffffffff00000000000000000000000000000000000000007cffffffff000000000000000000000000000000000000000000000000004260c81b169160a01b167fffffff000000000000000000ffffffffffffffffffffffffffffffffffffffff8716171790556040519360e81c8452602084015260408301526060820152a2005b88878760a49388604051947f076ff86900000000000000000000000000000000000000000000000000000000865260048601526024850152604484015260648301526084820152fd5b90916040519160408301916001845260015f52819264ffffffffff6001968c5f031616807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8d0104908d828a906103cf575b8085526040527fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff01048118805b610370575060208601601f8701825b61031b57505050868d6040511491511416936040525f60605260051b01141616610169565b9091976020873597019680845260205260208460418460025afa16602060406041601f60025afa16977fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8101169190826102f6565b909660208601953560018916156103b4578060208901526020526020836041601f8a0160025afa16602060406041601f60025afa16965b60011c9060011c806102e7565b6001603f53606052602060406041603f60025afa16966103a7565b5060208601965085356102ba565b87878c7fa8ee8166000000000000000000000000000000000000000000000000000000005f5260045260245260445260645ffd5b5064ffffffffff8811610159565b8a7ff00116e5000000000000000000000000000000000000000000000000000000005f526004523360245260445260645ffd5b346100ed5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126100ed5760043561048c6108b7565b815f525f60205260405f209073ffffffffffffffffffffffffffffffffffffffff600283015416803303610577575073ffffffffffffffffffffffffffffffffffffffff1690811561054f577f8898da45126dc1dcc361978a844bf411f41a79c93765f3ade20c2b94e02d381f916001604092019073ffffffffffffffffffffffffffffffffffffffff82541691817fffffffffffffffffffffffff000000000000000000000000000000000000000082541617905582519182526020820152a2005b7f7110c4a1000000000000000000000000000000000000000000000000000000005f5260045ffd5b837fa3221ef2000000000000000000000000000000000000000000000000000000005f526004523360245260445260645ffd5b346100ed576105b8366108da565b9192935f525f60205260205f6040812094604051838101918383526021820152602181526105e76041826109a6565b604051918291518091835e8101838152039060025afa156106375760209361062d935f5167ffffffffffffffff64ffffffffff600184015460a01c169254931690610b35565b6040519015158152f35b6040513d5f823e3d90fd5b346100ed5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126100ed5760043567ffffffffffffffff81116100ed57366023820112156100ed5780600401359067ffffffffffffffff82116100ed57602481019060248336920101116100ed576106bc6108b7565b6106c68383610a14565b156108745773ffffffffffffffffffffffffffffffffffffffff1691821561054f5760405160208101903382526040808201526107378161070b606082018688610968565b037fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe081018352826109a6565b51902091825f525f60205260405f206002810173ffffffffffffffffffffffffffffffffffffffff81541661084857948493847f88a4dc40276c95cc0142bcd16a30219f589094446abbeb3909162d4ba1a1975f6108327f8898da45126dc1dcc361978a844bf411f41a79c93765f3ade20c2b94e02d381f96600160409760209c73ffffffffffffffffffffffffffffffffffffffff33167fffffffffffffffffffffffff000000000000000000000000000000000000000082541617905501867fffffffffffffffffffffffff000000000000000000000000000000000000000082541617905586519182918c835233968d840191610968565b0390a38151905f825286820152a2604051908152f35b847fde5d1a9f000000000000000000000000000000000000000000000000000000005f5260045260245ffd5b50906108b36040519283927fe5e419ef000000000000000000000000000000000000000000000000000000008452602060048501526024840191610968565b0390fd5b6024359073ffffffffffffffffffffffffffffffffffffffff821682036100ed57565b60807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc8201126100ed576004359160243567ffffffffffffffff811681036100ed57916044359160643567ffffffffffffffff81116100ed57826023820112156100ed5780600401359267ffffffffffffffff84116100ed5760248460051b830101116100ed576024019190565b601f82602094937fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe093818652868601375f8582860101520116010190565b90601f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0910116810190811067ffffffffffffffff8211176109e757604052565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b81158015610b2b575b610b25575f5b82811015610b1d577fff0000000000000000000000000000000000000000000000000000000000000081830135167f2000000000000000000000000000000000000000000000000000000000000000811190811591610af3575b8115610ac9575b8115610a9f575b50610a9857600101610a23565b5050505f90565b7f7e000000000000000000000000000000000000000000000000000000000000009150145f610a8b565b7f2b0000000000000000000000000000000000000000000000000000000000000081149150610a84565b7f7e0000000000000000000000000000000000000000000000000000000000000081119150610a7d565b505050600190565b50505f90565b5060c88211610a1d565b9493919492909285841015610c375760405193604085019160018652825283947fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff600198018218805b610be557506020810190601f01825b610ba15750505051149260051b0114161690565b9091959760209089358452818560418560025afa169801957fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff810116919082610b8d565b919597602090600188165f14610c195789358284015281856041601f860160025afa16985b019560011c9160011c80610b7e565b81856041603f8601600181538d35606088015260025afa1698610c0a565b5050505050505f9056fea164736f6c6343000825000a";
