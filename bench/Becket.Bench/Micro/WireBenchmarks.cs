using Becket.Blocks.Sources;
using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;
using Becket.Nbd.Transmission;
using BenchmarkDotNet.Attributes;

namespace Becket.Bench.Micro;

/// <summary>The steps that every request takes: 28 bytes become a request, it is checked, its answer gets a header.</summary>
[MemoryDiagnoser]
public class WireBenchmarks
{
    private const int DiskSize = 1 << 20;

    private readonly byte[] _wire = new byte[NbdRequest.Size];
    private readonly byte[] _header = new byte[ReplyFormat.MaximumHeaderSize];
    private readonly ReplyFormat _simple = new(ReplyStyle.Simple);
    private readonly ReplyFormat _structured = new(ReplyStyle.Structured);
    private readonly NegotiatedExport _export = new("", new MemoryDevice(DiskSize), ReplyStyle.Simple, context: null);
    private readonly NbdRequest _read = new(CommandFlags.None, Command.Read, Cookie: 7, Offset: 4096, Length: 4096);

    [GlobalSetup]
    public void Setup() => _read.Write(_wire);

    [Benchmark]
    public bool Parse_a_request() => NbdRequest.TryRead(_wire, out _);

    [Benchmark]
    public bool Validate_a_read() => RequestValidation.Check(_read, _export).IsRefused;

    [Benchmark]
    public void Write_a_simple_header() => _simple.WriteReadHeader(_header, _read);

    [Benchmark]
    public void Write_a_structured_header() => _structured.WriteReadHeader(_header, _read);
}
