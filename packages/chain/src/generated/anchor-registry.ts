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
export const anchorRegistryBytecode = "0x60806040523460655760205f808060025afa15605a577fe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555f5103604b57604051610cc3908161006a8239f35b6381d117a560e01b5f5260045ffd5b6040513d5f823e3d90fd5b5f80fdfe60806040526004361015610011575f80fd5b5f3560e01c806317dfdf73146106b75780631a66d1251461061f578063bcb7a489146104c7578063eed96158146100f15763f339e3b214610050575f80fd5b346100ed5760207ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126100ed576004355f525f60205260c060405f20600181015473ffffffffffffffffffffffffffffffffffffffff80600284549401541691604051938160e81c855264ffffffffff8260a01c166020860152604085015263ffffffff8160c81c16606085015216608083015260a0820152f35b5f80fd5b346100ed576100ff3661094f565b845f949294525f60205260405f2060018101549473ffffffffffffffffffffffffffffffffffffffff8616928660a01c93803303610494575064ffffffffff841667ffffffffffffffff86161180159061047c575b6104375782549164ffffffffff851661028d5750155b1561023357507f3571e14c056368add94b089f47bf962e1255706a6cc858d8e739ff5ff3a26fc9949264ffffffffff85938360809767ffffffffffffffff955560017cffffffff000000000000000000000000000000000000000000000000004260c81b1678ffffffffff00000000000000000000000000000000000000008660a01b167fffffff000000000000000000ffffffffffffffffffffffffffffffffffffffff8a1617179101556040519560e81c86521660208501521660408301526060820152a2005b868567ffffffffffffffff8660a49464ffffffffff88604051967f076ff869000000000000000000000000000000000000000000000000000000008852600488015216602486015260448501521660648301526084820152fd5b906040519160018352600160608401528060019364ffffffffff8089165f03891616807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff64ffffffffff8b16010490818890610429575b80604085015260a08401527fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff67ffffffffffffffff8c1601048118805b6103b9575060208201607f8301601f840160808501845b61035d5750505050508560408b60a08401511492015114169260051b0114161661016a565b909192939860208835980197808652825260206040870160418560025afa16602060a0870160418660025afa16987fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff8101169392919084610338565b909560208501943560018816156104065780602085015260808401526020604084016041601f860160025afa16602060a084016041607f860160025afa16955b60011c9060011c80610321565b602090609f8501906001825360c0860152604160a086019160025afa16956103f9565b5060208401945083356102e4565b67ffffffffffffffff8564ffffffffff868b7fa8ee8166000000000000000000000000000000000000000000000000000000005f52600452166024521660445260645ffd5b5064ffffffffff67ffffffffffffffff861611610154565b887ff00116e5000000000000000000000000000000000000000000000000000000005f526004523360245260445260645ffd5b346100ed5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126100ed5760043561050161092c565b815f525f60205260405f209073ffffffffffffffffffffffffffffffffffffffff6002830154168033036105ec575073ffffffffffffffffffffffffffffffffffffffff169081156105c4577f8898da45126dc1dcc361978a844bf411f41a79c93765f3ade20c2b94e02d381f916001604092019073ffffffffffffffffffffffffffffffffffffffff82541691817fffffffffffffffffffffffff000000000000000000000000000000000000000082541617905582519182526020820152a2005b7f7110c4a1000000000000000000000000000000000000000000000000000000005f5260045ffd5b837fa3221ef2000000000000000000000000000000000000000000000000000000005f526004523360245260445260645ffd5b346100ed5761062d3661094f565b9192935f525f60205260205f60408120946040518381019183835260218201526021815261065c604182610a1b565b604051918291518091835e8101838152039060025afa156106ac576020936106a2935f5167ffffffffffffffff64ffffffffff600184015460a01c169254931690610baa565b6040519015158152f35b6040513d5f823e3d90fd5b346100ed5760407ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc3601126100ed5760043567ffffffffffffffff81116100ed57366023820112156100ed5780600401359067ffffffffffffffff82116100ed57602481019060248336920101116100ed5761073161092c565b61073b8383610a89565b156108e95773ffffffffffffffffffffffffffffffffffffffff169182156105c45760405160208101903382526040808201526107ac816107806060820186886109dd565b037fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe08101835282610a1b565b51902091825f525f60205260405f206002810173ffffffffffffffffffffffffffffffffffffffff8154166108bd57948493847f88a4dc40276c95cc0142bcd16a30219f589094446abbeb3909162d4ba1a1975f6108a77f8898da45126dc1dcc361978a844bf411f41a79c93765f3ade20c2b94e02d381f96600160409760209c73ffffffffffffffffffffffffffffffffffffffff33167fffffffffffffffffffffffff000000000000000000000000000000000000000082541617905501867fffffffffffffffffffffffff000000000000000000000000000000000000000082541617905586519182918c835233968d8401916109dd565b0390a38151905f825286820152a2604051908152f35b847fde5d1a9f000000000000000000000000000000000000000000000000000000005f5260045260245ffd5b50906109286040519283927fe5e419ef0000000000000000000000000000000000000000000000000000000084526020600485015260248401916109dd565b0390fd5b6024359073ffffffffffffffffffffffffffffffffffffffff821682036100ed57565b60807ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc8201126100ed576004359160243567ffffffffffffffff811681036100ed57916044359160643567ffffffffffffffff81116100ed57826023820112156100ed5780600401359267ffffffffffffffff84116100ed5760248460051b830101116100ed576024019190565b601f82602094937fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe093818652868601375f8582860101520116010190565b90601f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0910116810190811067ffffffffffffffff821117610a5c57604052565b7f4e487b71000000000000000000000000000000000000000000000000000000005f52604160045260245ffd5b81158015610ba0575b610b9a575f5b82811015610b92577fff0000000000000000000000000000000000000000000000000000000000000081830135167f2000000000000000000000000000000000000000000000000000000000000000811190811591610b68575b8115610b3e575b8115610b14575b50610b0d57600101610a98565b5050505f90565b7f7e000000000000000000000000000000000000000000000000000000000000009150145f610b00565b7f2b0000000000000000000000000000000000000000000000000000000000000081149150610af9565b7f7e0000000000000000000000000000000000000000000000000000000000000081119150610af2565b505050600190565b50505f90565b5060c88211610a92565b9493919492909285841015610cac5760405193604085019160018652825283947fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff600198018218805b610c5a57506020810190601f01825b610c165750505051149260051b0114161690565b9091959760209089358452818560418560025afa169801957fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff810116919082610c02565b919597602090600188165f14610c8e5789358284015281856041601f860160025afa16985b019560011c9160011c80610bf3565b81856041603f8601600181538d35606088015260025afa1698610c7f565b5050505050505f9056fea164736f6c6343000825000a";
