using Becket.Fuse;
using Becket.Fuse.Loop;
using Becket.Fuse.Mounting;
using Becket.Fuse.Protocol;

namespace Becket.Tests.Fuse;

/// <summary>Every structure against bytes written down from linux/fuse.h and linux/loop.h.</summary>
public class FuseWireTests
{
    private const string Attributes =
        "0200000000000000" + "0112000000000000" + "0A00000000000000"
        + "00F1536500000000" + "00F1536500000000" + "00F1536500000000" + "0065CD1D" + "0065CD1D" + "0065CD1D"
        + "20810000" + "01000000" + "E8030000" + "64000000" + "00000000" + "00100000" + "00000000";

    private static readonly NodeAttributes File = new(
        2, 0x1201, NodeAttributes.RegularFile | 0x120, 1, 1000, 100, DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500));

    [Fact]
    public void A_request_begins_with_40_bytes()
    {
        var bytes = Convert.FromHexString(
            "28000000" + "0F000000" + "0807060504030201" + "0200000000000000" + "E8030000" + "64000000" + "11000000" + "0000" + "0000");

        Assert.True(RequestHeader.TryRead(bytes, out var header));
        Assert.Equal(new RequestHeader(40, FuseOpcode.Read, 0x0102030405060708, 2), header);
    }

    [Theory]
    [InlineData(39)]
    [InlineData(41)]
    public void A_request_that_is_not_as_long_as_it_says_is_none(int length)
    {
        var bytes = new byte[length];
        bytes[0] = 40;

        Assert.False(RequestHeader.TryRead(bytes, out _));
    }

    [Fact]
    public void An_error_goes_out_as_a_negative_number() => Assert.Equal(
        "10000000" + "FBFFFFFF" + "0807060504030201",
        Written(ReplyHeader.Size, new ReplyHeader(16, Errno.Io, 0x0102030405060708).Write));

    [Fact]
    public void An_old_kernel_has_no_upper_half_of_flags()
    {
        Assert.True(InitRequest.TryRead(Convert.FromHexString("07000000" + "1F000000" + "00000200" + "FBFFFF03"), out var request));
        Assert.Equal(new InitRequest(7, 31, 0x20000, (InitFlags)0x03FF_FFFB), request);
    }

    [Fact]
    public void A_new_kernel_has_an_upper_half_of_flags()
    {
        Assert.True(InitRequest.TryRead(
            Convert.FromHexString("07000000" + "2D000000" + "00000200" + "01000040" + "10000000" + new string('0', 88)),
            out var request));
        Assert.Equal(new InitRequest(7, 45, 0x20000, InitFlags.AsyncRead | InitFlags.Extended | InitFlags.DirectIoAllowsMapping), request);
    }

    [Fact]
    public void The_agreement_is_64_bytes() => Assert.Equal(
        "07000000" + "27000000" + "00000200" + "01004040" + "4000" + "3000" + "00001000" + "01000000" + "0001" + "0000" + "10000000"
        + new string('0', 56),
        Written(InitReply.Size, new InitReply(
            0x20000,
            InitFlags.AsyncRead | InitFlags.MaximumPages | InitFlags.Extended | InitFlags.DirectIoAllowsMapping,
            1 << 20,
            256).Write));

    [Fact]
    public void Attributes_are_88_bytes() => Assert.Equal(Attributes, Written(NodeAttributes.Size, File.Write));

    [Fact]
    public void Attributes_are_valid_for_a_year() =>
        Assert.Equal(
            "8033E10100000000" + "00000000" + "00000000" + Attributes, Written(AttributesReply.Size, new AttributesReply(File).Write));

    [Fact]
    public void A_name_is_valid_as_long_as_what_it_names() => Assert.Equal(
        "0200000000000000" + "0000000000000000" + "8033E10100000000" + "8033E10100000000" + "00000000" + "00000000" + Attributes,
        Written(EntryReply.Size, new EntryReply(File).Write));

    [Fact]
    public void A_change_of_the_size_is_told_from_other_changes()
    {
        var bytes = Convert.FromHexString("48000000" + "00000000" + "0000000000000000" + "0010000000000000" + new string('0', 128));

        Assert.True(SetAttributesRequest.TryRead(bytes, out var request));
        Assert.Equal(new SetAttributesRequest(0x48, 4096), request);
        Assert.True(request.IsSizeAlone);
        Assert.False((request with { Valid = 0x49 }).IsSizeAlone);
    }

    [Fact]
    public void An_open_file_has_flags()
    {
        Assert.True(OpenRequest.TryRead(Convert.FromHexString("02800000" + "00000000"), out var request));
        Assert.Equal(0x8002, request.Flags);
        Assert.Equal("0000000000000000" + "41000000" + "00000000", Written(
            OpenReply.Size, new OpenReply(OpenReplyFlags.DirectIo | OpenReplyFlags.ParallelDirectWrites).Write));
    }

    [Fact]
    public void A_transfer_is_an_offset_and_a_size()
    {
        var bytes = Convert.FromHexString(
            "0000000000000000" + "0010000000000000" + "00001000" + "00000000" + "0000000000000000" + "00800000" + "00000000");

        Assert.True(TransferRequest.TryRead(bytes, out var request));
        Assert.Equal(new TransferRequest(4096, 1 << 20), request);
        Assert.Equal("0000100000000000", Written(WriteReply.Size, new WriteReply(1 << 20).Write));
    }

    [Fact]
    public void An_allocation_is_a_range_and_a_mode()
    {
        var bytes = Convert.FromHexString("0000000000000000" + "0010000000000000" + "0020000000000000" + "03000000" + "00000000");

        Assert.True(AllocateRequest.TryRead(bytes, out var request));
        Assert.Equal(new AllocateRequest(4096, 8192, AllocateMode.KeepSize | AllocateMode.PunchHole), request);
    }

    [Fact]
    public void A_seek_looks_for_data_or_holes()
    {
        Assert.True(SeekRequest.TryRead(
            Convert.FromHexString("0000000000000000" + "0010000000000000" + "04000000" + "00000000"), out var request));
        Assert.Equal(new SeekRequest(4096, SeekRequest.Hole), request);
        Assert.Equal("0010000000000000", Written(SeekReply.Size, new SeekReply(4096).Write));
    }

    [Fact]
    public void The_filesystem_is_full_and_has_one_file() => Assert.Equal(
        "0200000000000000" + "0000000000000000" + "0000000000000000" + "0100000000000000" + "0000000000000000"
        + "00100000" + "FF000000" + "00100000" + new string('0', 56),
        Written(FileSystemStatusReply.Size, new FileSystemStatusReply(4097).Write));

    [Fact]
    public void An_entry_of_a_folder_is_padded_to_eight_bytes()
    {
        var entry = new FolderEntry(2, 3, NodeAttributes.RegularFile | 0x100, "disk"u8.ToArray());

        Assert.Equal(32, entry.Size);
        Assert.Equal("0200000000000000" + "0300000000000000" + "04000000" + "08000000" + "6469736B" + "00000000", Written(32, entry.Write));
    }

    [Fact]
    public void A_loop_device_is_configured_with_304_bytes()
    {
        var configuration = new LoopConfiguration(7, 512, LoopFlags.ReadOnly | LoopFlags.PartitionScan | LoopFlags.DirectIo, "/a");
        var written = Written(LoopConfiguration.Size, configuration.Write);

        Assert.Equal("07000000" + "00020000" + new string('0', 104) + "19000000" + "2F6100", written[..(2 * 67)]);
        Assert.DoesNotContain(written[(2 * 67)..], c => c != '0');
    }

    [Fact]
    public void A_long_name_of_a_loop_device_is_cut_and_stays_terminated()
    {
        var written = Written(LoopConfiguration.Size, new LoopConfiguration(7, 512, LoopFlags.None, new string('a', 100)).Write);

        Assert.Equal("6100", written.Substring(2 * (64 + 62), 4));
    }

    [Fact]
    public void The_topmost_of_several_mounts_counts_and_blanks_are_unescaped()
    {
        string[] lines =
        [
            "22 1 8:1 / / rw - ext4 /dev/vda rw",
            @"30 22 0:40 / /mnt/a\040b rw,nosuid shared:1 - fuse.becket x rw",
            @"31 30 0:41 / /mnt/a\040b ro - tmpfs x ro",
            "32 22 0:42 / /mnt/a rw - tmpfs x rw",
        ];

        Assert.Equal("0:41", MountTable.DeviceAt("/mnt/a b", lines));
        Assert.Null(MountTable.DeviceAt("/mnt/c", lines));
    }

    private delegate void Writing(Span<byte> destination);

    private static string Written(int size, Writing write)
    {
        var bytes = new byte[size];
        bytes.AsSpan().Fill(0xEE); // what is not written shows
        write(bytes);
        return Convert.ToHexString(bytes);
    }
}
