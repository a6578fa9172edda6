using Becket.Nbd.Kernel.Netlink;

namespace Becket.Tests.Nbd.Kernel;

/// <summary>
/// Every structure against bytes written down from linux/netlink.h and linux/genetlink.h, as a little-endian machine has them.
/// </summary>
public class NetlinkMessageTests
{
    /// <summary>As <c>strace</c> shows the request with which any tool asks for the family "nbd".</summary>
    private const string GetFamily =
        "1C000000" + "1000" + "0500" + "07000000" + "00000000" + "03" + "01" + "0000"
        + "0800" + "0200" + "6E626400";

    [Fact]
    public void A_request_is_a_header_and_attributes()
    {
        var attributes = new AttributeWriter().Add(2, "nbd");

        var message = GenericNetlinkSocket.BuildRequest(family: 16, command: 3, sequence: 7, attributes);

        Assert.Equal(GetFamily, Convert.ToHexString(message));
        Assert.True(NetlinkHeader.TryRead(message, out var header));
        Assert.Equal(new NetlinkHeader(28, 16, NetlinkFlags.Request | NetlinkFlags.Acknowledge, 7, 3, 1), header);
    }

    [Theory]
    [InlineData("", "05000900" + "00000000")]
    [InlineData("abc", "08000900" + "61626300")]
    [InlineData("abcd", "09000900" + "61626364" + "00000000")]
    [InlineData("é", "07000900" + "C3A90000")]
    public void Text_ends_in_a_zero_byte_and_is_padded_to_four(string text, string bytes)
    {
        var attributes = new AttributeWriter().Add(9, text);

        Assert.Equal(bytes, Convert.ToHexString(attributes.Content));
        Assert.Equal(text, AttributeReader.FindText(attributes.Content, 9));
    }

    [Fact]
    public void A_nested_attribute_is_marked_and_counts_its_content()
    {
        var attributes = new AttributeWriter()
            .Add(7, new AttributeWriter().Add(1, new AttributeWriter().Add(1, 5u)).Add(1, new AttributeWriter().Add(1, 6u)))
            .Add(4, 90ul);

        Assert.Equal(
            "1C00" + "0780"
            + "0C00" + "0180" + "0800" + "0100" + "05000000"
            + "0C00" + "0180" + "0800" + "0100" + "06000000"
            + "0C00" + "0400" + "5A00000000000000",
            Convert.ToHexString(attributes.Content));
    }

    [Fact]
    public void Attributes_are_found_by_type_behind_others_and_their_padding()
    {
        var attributes = Convert.FromHexString("05000100" + "61000000" + "06000200" + "34120000" + "0800" + "0380" + "78563412");

        Assert.Equal("a", AttributeReader.FindText(attributes, 1));
        Assert.Equal((ushort)0x1234, AttributeReader.FindUInt16(attributes, 2));
        Assert.Equal(0x12345678u, AttributeReader.FindUInt32(attributes, 3));
        Assert.Null(AttributeReader.FindUInt32(attributes, 2));
        Assert.Null(AttributeReader.FindUInt32(attributes, 4));
        Assert.Empty(AttributeReader.FindText(attributes, 4));
    }

    /// <summary>The kernel leaves out the padding of the last one.</summary>
    [Fact]
    public void The_last_attribute_need_not_be_padded()
    {
        var reader = new AttributeReader(Convert.FromHexString("05000100" + "61"));

        Assert.True(reader.TryRead(out var type, out var content));
        Assert.Equal(1, type);
        Assert.Equal("61", Convert.ToHexString(content));
        Assert.False(reader.TryRead(out _, out _));
    }

    [Theory]
    [InlineData("0400")]
    [InlineData("03000100")]
    [InlineData("00000100")]
    [InlineData("09000100" + "61626364")]
    public void An_attribute_that_does_not_fit_ends_the_list(string bytes)
    {
        var reader = new AttributeReader(Convert.FromHexString(bytes));

        Assert.False(reader.TryRead(out _, out _));
    }

    [Theory]
    [InlineData("10000000" + "0200")]
    [InlineData("0F000000" + "0200" + "0000" + "01000000" + "00000000")]
    [InlineData("15000000" + "0200" + "0000" + "01000000" + "00000000" + "00000000")]
    [InlineData("FFFFFFFF" + "0200" + "0000" + "01000000" + "00000000" + "00000000")]
    public void A_message_that_does_not_fit_is_none(string bytes) =>
        Assert.False(NetlinkHeader.TryRead(Convert.FromHexString(bytes), out _));

    [Fact]
    public void An_acknowledgement_is_an_error_of_zero()
    {
        var error = ReadError("24000000" + "0200" + "0001" + "07000000" + "00000000" + "00000000" + "1C000000100005000700000000000000");

        Assert.Equal(new NetlinkError(0, ""), error);
    }

    [Fact]
    public void An_error_has_its_number_and_a_sentence()
    {
        var error = ReadError(
            "30000000" + "0200" + "0003" + "07000000" + "00000000" + "EAFFFFFF" + "1C000000100005000700000000000000"
            + "0A000100" + "6E6F74" + "2061" + "00" + "0000");

        Assert.Equal(new NetlinkError(22, "not a"), error);
    }

    [Fact]
    public void A_request_that_is_repeated_in_full_stands_before_the_sentence()
    {
        var error = ReadError(
            "38000000" + "0200" + "0002" + "07000000" + "00000000" + "FEFFFFFF" + GetFamily
            + "06000100" + "6100" + "0000");

        Assert.Equal(new NetlinkError(2, "a"), error);
    }

    [Fact]
    public void An_error_that_is_cut_off_has_no_sentence()
    {
        Assert.Equal(
            new NetlinkError(2, ""),
            ReadError("24000000" + "0200" + "0002" + "07000000" + "00000000" + "FEFFFFFF" + "FFFFFF7F100005000700000000000000"));

        var tooShort = Convert.FromHexString("14000000" + "0200" + "0000" + "07000000" + "00000000" + "FEFFFFFF");
        Assert.False(NetlinkError.TryRead(tooShort, default, out _));
    }

    private static NetlinkError ReadError(string bytes)
    {
        var message = Convert.FromHexString(bytes);
        Assert.True(NetlinkHeader.TryRead(message, out var header));
        Assert.Equal(NetlinkError.Type, header.Type);
        Assert.Equal(message.Length, header.Length);
        Assert.True(NetlinkError.TryRead(message, header.Flags, out var error));
        return error;
    }
}
