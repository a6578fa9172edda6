using Becket.Blocks;
using Becket.Nbd.Protocol;

namespace Becket.Tests.Nbd;

/// <summary>Every structure against bytes written down from proto.md.</summary>
public class WireStructureTests
{
    [Fact]
    public void The_greeting_is_two_magics_and_the_flags()
    {
        var bytes = new byte[ServerGreeting.Size];
        new ServerGreeting(HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes).Write(bytes);

        Assert.Equal("4E42444D41474943" + "49484156454F5054" + "0003", Convert.ToHexString(bytes));
        Assert.True(ServerGreeting.TryRead(bytes, out var read));
        Assert.Equal(HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes, read.Flags);
    }

    [Fact]
    public void An_option_is_a_magic_a_code_and_a_length()
    {
        var bytes = Convert.FromHexString("49484156454F5054" + "00000007" + "0000000A");

        Assert.True(OptionHeader.TryRead(bytes, out var header));
        Assert.Equal(new OptionHeader(OptionCode.Go, 10), header);
        Assert.Equal(bytes, Written(OptionHeader.Size, header.Write));
    }

    [Fact]
    public void An_option_with_another_magic_is_not_one() =>
        Assert.False(OptionHeader.TryRead(Convert.FromHexString("49484156454F5055" + "00000007" + "00000000"), out _));

    [Fact]
    public void An_answer_to_an_option_names_it()
    {
        var header = new OptionReplyHeader(OptionCode.List, OptionReplyType.ErrorUnsupported, 5);

        var bytes = Written(OptionReplyHeader.Size, header.Write);

        Assert.Equal("0003E889045565A9" + "00000003" + "80000001" + "00000005", Convert.ToHexString(bytes));
        Assert.True(OptionReplyHeader.TryRead(bytes, out var read));
        Assert.Equal(header, read);
        Assert.True(read.IsError);
    }

    [Fact]
    public void An_export_is_its_size_and_its_flags()
    {
        var info = new ExportInfo(0x1_0000_0200, TransmissionFlags.HasFlags | TransmissionFlags.ReadOnly | TransmissionFlags.CanMultiConn);

        var bytes = Written(ExportInfo.WireSize, info.Write);

        Assert.Equal("0000000100000200" + "0103", Convert.ToHexString(bytes));
        Assert.Equal(info, ExportInfo.Read(bytes));
    }

    [Fact]
    public void Block_sizes_are_minimum_preferred_and_maximum()
    {
        var sizes = new BlockSizeInfo(1, 4096, 0x0200_0000);

        var bytes = Written(BlockSizeInfo.Size, sizes.Write);

        Assert.Equal("00000001" + "00001000" + "02000000", Convert.ToHexString(bytes));
        Assert.Equal(sizes, BlockSizeInfo.Read(bytes));
    }

    [Fact]
    public void A_request_is_28_bytes()
    {
        var bytes = Convert.FromHexString("25609513" + "0001" + "0006" + "0102030405060708" + "0000000000001000" + "00000200");

        Assert.True(NbdRequest.TryRead(bytes, out var request));
        Assert.Equal(new NbdRequest(CommandFlags.Fua, Command.WriteZeroes, 0x0102030405060708, 4096, 512), request);
        Assert.Equal(bytes, Written(NbdRequest.Size, request.Write));
    }

    [Fact]
    public void A_simple_reply_is_16_bytes()
    {
        var reply = new SimpleReply(NbdError.Invalid, 0x0102030405060708);

        var bytes = Written(SimpleReply.Size, reply.Write);

        Assert.Equal("67446698" + "00000016" + "0102030405060708", Convert.ToHexString(bytes));
        Assert.Equal(reply, SimpleReply.Read(bytes));
    }

    [Fact]
    public void A_data_chunk_counts_its_offset_into_its_length() => Assert.Equal(
        "668E33EF" + "0001" + "0001" + "0102030405060708" + "00000208" + "0000000000001000",
        Convert.ToHexString(Written(DataChunk.Size, new DataChunk(ChunkFlags.Done, 0x0102030405060708, 4096, 512).Write)));

    [Fact]
    public void A_hole_chunk_has_12_bytes_of_payload() => Assert.Equal(
        "668E33EF" + "0000" + "0002" + "0102030405060708" + "0000000C" + "0000000000001000" + "00010000",
        Convert.ToHexString(Written(HoleChunk.Size, new HoleChunk(ChunkFlags.None, 0x0102030405060708, 4096, 65536).Write)));

    [Fact]
    public void An_error_chunk_holds_a_number_and_a_sentence()
    {
        var bytes = new byte[ErrorChunk.MaximumSize];

        var size = new ErrorChunk(0x0102030405060708, NbdError.Io, "no").Write(bytes);

        Assert.Equal(
            "668E33EF" + "0001" + "8001" + "0102030405060708" + "00000008" + "00000005" + "0002" + "6E6F",
            Convert.ToHexString(bytes.AsSpan(0, size)));
    }

    [Fact]
    public void An_error_sentence_that_is_too_long_is_cut()
    {
        var bytes = new byte[ErrorChunk.MaximumSize];

        var size = new ErrorChunk(1, NbdError.Io, new string('€', 100_000)).Write(bytes);

        Assert.Equal(ErrorChunk.MaximumSize, size);
    }

    [Fact]
    public void A_block_descriptor_is_a_length_and_the_bits_of_base_allocation() => Assert.Equal(
        "00010000" + "00000003",
        Convert.ToHexString(Written(BlockDescriptor.Size, new BlockDescriptor(65536, ExtentKind.Hole | ExtentKind.Zero).Write)));

    private static byte[] Written(int size, Action<Span<byte>> write)
    {
        var bytes = new byte[size];
        write(bytes);
        return bytes;
    }
}
